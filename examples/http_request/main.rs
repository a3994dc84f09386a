//! Teaches: a web front. A request that takes its time is answered at once with `202 Accepted` and a status URL; the URL tells
//! the state of the process, and its outcome once there is one. The front keeps nothing: what it tells is in the store.
//!
//! `cargo run --example http_request` serves on port 3000 until Ctrl-C; with `-- walk` it asks itself and ends.
#![allow(
    unreachable_pub,
    reason = "the process is written as the crate it would be in a company"
)]

mod report;
mod walk;

use std::{error::Error as StdError, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use saga_runtime::{Bus, Error, ErrorKind, store::Memory};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::report::{OrderReport, OrderReportReply, Printer, Report};

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let bus = Bus::new(Memory::new())
        .saga::<Report>()
        .service(Printer)
        .start()
        .await?;
    let front = Router::new()
        .route("/reports", post(order))
        .route("/reports/{id}", get(status))
        .with_state(bus.clone());

    let walk = std::env::args().nth(1).as_deref() == Some("walk");
    let listener = TcpListener::bind(("127.0.0.1", if walk { 0 } else { 3000 })).await?;
    let address = listener.local_addr()?;
    println!("curl -i http://{address}/reports --json '{{\"id\": \"budget\", \"pages\": 40}}'");
    println!("curl http://{address}/reports/budget");
    tokio::select! {
        served = axum::serve(listener, front) => served?,
        walked = walk::round(address), if walk => walked?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(bus.shutdown().await?)
}

/// Sends the command and waits a moment; what is not done by then goes on behind a status URL.
async fn order(State(bus): State<Bus>, Json(order): Json<OrderReport>) -> Result<Response, Failure> {
    let status = format!("/reports/{}", order.id);
    match bus.request(order).deadline(Duration::from_millis(50)).await {
        Ok(OrderReportReply::ReportReady(ready)) => Ok(Json(ready).into_response()),
        Ok(OrderReportReply::ReportFailed(_)) => Ok(StatusCode::BAD_GATEWAY.into_response()),
        Err(error) if error.kind() == ErrorKind::Deadline => {
            Ok((StatusCode::ACCEPTED, [(LOCATION, status)]).into_response())
        }
        Err(error) => Err(Failure(error)),
    }
}

async fn status(State(bus): State<Bus>, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(report) = bus.inspect().instance("Report", &id).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let outcome = report.answers.first().map(|answer| {
        let body: Option<Value> = answer
            .body
            .as_deref()
            .and_then(|body| serde_json::from_str(body).ok());
        json!({ "outcome": answer.reply, "detail": body })
    });
    Ok(Json(outcome.unwrap_or_else(|| json!({ "state": report.state }))).into_response())
}

/// What went wrong, as HTTP says it.
struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.0.to_string()).into_response()
    }
}
