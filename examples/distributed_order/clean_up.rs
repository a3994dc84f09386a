//! Takes away what a run left on the servers. A company would keep it.

use async_nats::jetstream;
use futures_util::TryStreamExt as _;
use lapin::{
    Connection, ConnectionProperties,
    options::{ExchangeDeleteOptions, QueueDeleteOptions},
};
use tokio_postgres::NoTls;

use crate::{
    Result,
    all::SCHEMAS,
    options::{Broker, Servers},
};

const QUEUES: [&str; 4] = ["sales", "billing", "warehouse", "books"];

pub async fn clean_up(servers: &Servers) -> Result<()> {
    drop_schemas(servers).await?;
    match servers.broker {
        Broker::Rabbitmq => delete_queues(servers).await,
        Broker::Nats => delete_streams(servers).await,
    }
}

async fn drop_schemas(servers: &Servers) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(&servers.postgres, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute("SET client_min_messages = warning").await?;
    for kind in SCHEMAS.iter().chain(&["ledger"]) {
        let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", servers.schema(kind));
        client.batch_execute(&drop).await?;
    }
    Ok(())
}

async fn delete_queues(servers: &Servers) -> Result<()> {
    let connection = Connection::connect(&servers.rabbitmq, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    for queue in QUEUES {
        for of_it in ["", ".dead", ".replies", ".replies.dead"] {
            let name = servers.queue(&format!("{queue}{of_it}"));
            channel
                .queue_delete(name.into(), QueueDeleteOptions::default())
                .await?;
        }
    }
    let events = servers.queue("saga.events");
    channel
        .exchange_delete(events.into(), ExchangeDeleteOptions::default())
        .await?;
    Ok(connection.close(200, "done".into()).await?)
}

async fn delete_streams(servers: &Servers) -> Result<()> {
    let server = jetstream::new(async_nats::connect(&servers.nats).await?);
    let names: Vec<String> = server.stream_names().try_collect().await?;
    for name in names.iter().filter(|name| name.starts_with(&servers.streams())) {
        server.delete_stream(name).await?;
    }
    Ok(())
}
