//! The web front. An order is taken as soon as the broker has it: `202 Accepted`, with a URL where its outcome will be.
//! No saga runs here, and none has to be up. What became of an order is read from the schema that the sagas share.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use saga_runtime::{Bus, inspect::AnswerView};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    Result,
    contracts::PlaceOrder,
    handled::Handled,
    options::{Sales, Servers},
    process::{end, stopped, tell},
};

/// Serves until it is told to stop.
pub async fn serve(servers: &Servers, sales: &Sales) -> Result<()> {
    let handled = Handled::counted()?;
    let bus = servers.open("sales").await?.start().await?;
    let front = Router::new()
        .route("/orders", post(place))
        .route("/orders/{id}", get(status))
        .with_state(bus.clone());
    let listener = TcpListener::bind(("127.0.0.1", sales.port)).await?;
    tell(&format!("listening on {}", listener.local_addr()?))?;
    tokio::select! {
        served = axum::serve(listener, front) => served?,
        stop = stopped(&sales.part) => stop?,
    }
    end(bus, &handled).await
}

/// The same order may be posted again by whoever did not hear the answer: its id makes it one order.
async fn place(State(bus): State<Bus>, Json(order): Json<PlaceOrder>) -> Result<Response, Failure> {
    let status = format!("/orders/{}", order.order_id.0);
    bus.send(order).await?;
    Ok((StatusCode::ACCEPTED, [(LOCATION, status)]).into_response())
}

/// Not found is what nobody ordered, and what is still on its way to the saga: the front keeps nothing, and cannot tell.
async fn status(State(bus): State<Bus>, Path(id): Path<String>) -> Result<Response, Failure> {
    let Some(order) = bus.inspect().instance("Fulfilment", &id).await? else {
        return Ok(StatusCode::NOT_FOUND.into_response());
    };
    let told = match order.answers.first() {
        Some(answer) => outcome(answer),
        None => json!({ "state": order.state }),
    };
    Ok(Json(told).into_response())
}

fn outcome(answer: &AnswerView) -> Value {
    let body = answer.body.as_deref().unwrap_or("null");
    json!({ "outcome": answer.reply, "detail": serde_json::from_str::<Value>(body).ok() })
}

/// What went wrong, as HTTP says it: nothing is lost, but the caller has to ask again.
struct Failure(saga_runtime::Error);

impl From<saga_runtime::Error> for Failure {
    fn from(error: saga_runtime::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.0.to_string()).into_response()
    }
}
