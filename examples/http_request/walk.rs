//! A caller of the front: orders a report and asks for it until it is ready.

use std::{io::Result, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Orders a report and follows its status URL to the outcome.
pub async fn round(front: SocketAddr) -> Result<()> {
    println!(
        "{}",
        ask(front, "POST /reports", r#"{"id": "leaflet", "pages": 0}"#).await?
    );
    println!(
        "{}",
        ask(front, "POST /reports", r#"{"id": "budget", "pages": 5}"#).await?
    );
    loop {
        let status = ask(front, "GET /reports/budget", "").await?;
        println!("{status}");
        if status.contains("outcome") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// One request over a connection of its own; the answer's first line, its location and its body.
async fn ask(front: SocketAddr, what: &str, body: &str) -> Result<String> {
    let mut connection = TcpStream::connect(front).await?;
    let head = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
    let request = format!(
        "{what} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    let told =
        |line: &&str| line.starts_with("HTTP/") || line.starts_with("location") || line.starts_with('{');
    Ok(format!(
        "{what}\n    {}",
        answer.lines().filter(told).collect::<Vec<_>>().join("\n    ")
    ))
}
