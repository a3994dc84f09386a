//! The customers: each posts an order and asks at its status URL until there is an outcome.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use futures_util::{StreamExt as _, TryFutureExt as _, TryStreamExt as _, stream};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Result,
    contracts::{OrderConfirmed, OrderRejected, PlaceOrder},
    outcome::{Answer, Placed, outcome},
};

/// How often a customer asks. Times are exact to that.
const ASKS_EVERY: Duration = Duration::from_millis(50);

/// How long a customer waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// The web front, as its customers know it.
pub struct Front {
    client: Client<HttpConnector, Body>,
    address: String,
}

/// What the status URL tells.
#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    Ended { outcome: String, detail: Value },
    UnderWay {},
}

impl Front {
    pub fn at(address: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address: format!("http://{address}"),
        }
    }

    /// Places every order, at most so many at once; what became of them, and of each by its id. `ended` counts those that
    /// have ended, for whoever looks on.
    pub async fn place_all(
        &self,
        orders: &[PlaceOrder],
        in_flight: u16,
        ended: &AtomicUsize,
    ) -> Result<(Placed, BTreeMap<String, String>)> {
        let began = Instant::now();
        let placed = stream::iter(orders).map(|order| {
            self.place(order, began).inspect_ok(|_| {
                ended.fetch_add(1, Ordering::Relaxed);
            })
        });
        let ended: Vec<_> = placed.buffer_unordered(in_flight.into()).try_collect().await?;
        let elapsed = began.elapsed();
        let outcomes = ended
            .iter()
            .map(|(id, answer)| ((*id).clone(), answer.outcome.to_owned()));
        let outcomes = outcomes.collect();
        let answers = ended.into_iter().map(|(_, answer)| answer).collect();
        let placed = Placed {
            answers,
            elapsed,
            earlier: 0,
        };
        Ok((placed, outcomes))
    }

    /// Places one order and waits for its outcome.
    async fn place<'o>(&self, order: &'o PlaceOrder, began: Instant) -> Result<(&'o String, Answer)> {
        let placed = Instant::now();
        let status = self.post(order).await?;
        let outcome = tokio::time::timeout(PATIENCE, self.outcome(&status)).await;
        let outcome = outcome.map_err(|_| format!("{status}: no outcome after {PATIENCE:?}"))??;
        let (took, at) = (placed.elapsed(), began.elapsed());
        Ok((&order.order_id.0, Answer { outcome, took, at }))
    }

    /// Posts an order; its status URL.
    async fn post(&self, order: &PlaceOrder) -> Result<String> {
        let json = (header::CONTENT_TYPE, "application/json");
        let request = Request::post(format!("{}/orders", self.address)).header(json.0, json.1);
        let answer = self
            .client
            .request(request.body(serde_json::to_vec(order)?.into())?)
            .await?;
        if answer.status() != StatusCode::ACCEPTED {
            return Err(format!("{} was not accepted: {}", order.order_id.0, answer.status()).into());
        }
        let status = answer.headers().get(header::LOCATION).ok_or("no status URL")?;
        Ok(status.to_str()?.to_owned())
    }

    /// Asks until there is an outcome.
    async fn outcome(&self, status: &str) -> Result<&'static str> {
        loop {
            let request = Request::get(format!("{}{status}", self.address)).body(Body::empty())?;
            let answer = self.client.request(request).await?;
            if answer.status() == StatusCode::OK {
                let body = to_bytes(Body::new(answer.into_body()), usize::MAX).await?;
                if let Status::Ended { outcome, detail } = serde_json::from_slice(&body)? {
                    return told(&outcome, detail);
                }
            }
            tokio::time::sleep(ASKS_EVERY).await;
        }
    }
}

/// The answer of the saga, as the front passes it on.
fn told(reply: &str, detail: Value) -> Result<&'static str> {
    Ok(match reply {
        "OrderConfirmed" => outcome(&OrderConfirmed.into()),
        "OrderRejected" => outcome(&serde_json::from_value::<OrderRejected>(detail)?.into()),
        other => return Err(format!("`{other}` is no outcome of an order").into()),
    })
}
