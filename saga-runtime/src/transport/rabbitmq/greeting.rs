//! What a server says of itself before anybody has logged in.

use futures_util::io::{AsyncReadExt as _, AsyncWriteExt as _};
use lapin::{
    protocol::{AMQPClass, connection::AMQPMethod, parse_class},
    tcp::AMQPUriTcpExt as _,
    types::{AMQPValue, FieldTable},
};

use super::options::Server;
use crate::{Error, ErrorKind};

/// The first version that moves what it gives up on without losing it on the way (`x-dead-letter-strategy`).
const OLDEST: (u32, u32) = (3, 10);

/// The protocol header of AMQP 0-9-1.
const HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// The longest greeting that is read, in bytes.
const LONGEST: usize = 64 << 10;

impl Server {
    /// Refuses a server that is too old or something else, with all that is wrong with it.
    pub(super) async fn check(&self) -> Result<(), Error> {
        let properties = self.greeting().await?;
        let faults = faults(&properties);
        if faults.is_empty() {
            return Ok(());
        }
        let text = format!("{}: {}", self.place(), faults.join("; "));
        Err(Error::new(ErrorKind::Setup, text))
    }

    async fn greeting(&self) -> Result<FieldTable, Error> {
        let reading = async { Ok(self.read_greeting().await?) };
        let greeting = self
            .answered(reading)
            .await
            .map_err(|error| self.not_connected(&error))?;
        greeting.ok_or_else(|| {
            let text = format!(
                "{} does not speak AMQP 0-9-1: correct host and port in the URL",
                self.place()
            );
            Error::new(ErrorKind::Setup, text)
        })
    }

    /// One frame: type, channel, length, payload, end.
    async fn read_greeting(&self) -> std::io::Result<Option<FieldTable>> {
        let runtime = lapin::runtime::default_runtime().map_err(std::io::Error::other)?;
        let tls = self.tls();
        let mut stream = self.uri.connect_with_config_async(tls.as_ref(), &runtime).await?;
        stream.write_all(HEADER).await?;
        stream.flush().await?;
        let mut head = [0; 7];
        stream.read_exact(&mut head).await?;
        let [1, 0, 0, length @ ..] = head else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Ok(None);
        }
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).await?;
        Ok(match parse_class(&payload[..]) {
            Ok((_, AMQPClass::Connection(AMQPMethod::Start(start)))) => Some(start.server_properties),
            _ => None,
        })
    }
}

fn faults(properties: &FieldTable) -> Vec<String> {
    let text = |name: &str| match properties.inner().get(name) {
        Some(AMQPValue::LongString(text)) => text.to_string(),
        _ => String::new(),
    };
    let mut faults = Vec::new();
    let product = text("product");
    if product != "RabbitMQ" {
        faults.push(format!("it is {product:?}, and quorum queues are RabbitMQ's"));
        return faults;
    }
    let version = text("version");
    if numbers(&version).is_some_and(|version| version < OLDEST) {
        let (major, minor) = OLDEST;
        faults.push(format!(
            "it is of version {version}; upgrade it to {major}.{minor} or later"
        ));
    }
    let Some(AMQPValue::FieldTable(capabilities)) = properties.inner().get("capabilities") else {
        return faults;
    };
    for capability in ["publisher_confirms", "basic.nack", "consumer_cancel_notify"] {
        if capabilities.inner().get(capability) != Some(&AMQPValue::Boolean(true)) {
            faults.push(format!(
                "it lacks `{capability}`, without which messages could be lost"
            ));
        }
    }
    faults
}

/// Major and minor version; `None` for what is not written like one.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use lapin::types::ShortString;

    use super::*;

    fn server(product: &str, version: &str, capabilities: &[&str]) -> FieldTable {
        let mut able = FieldTable::default();
        for capability in capabilities {
            able.insert((*capability).into(), AMQPValue::Boolean(true));
        }
        let long = |text: &str| AMQPValue::LongString(text.into());
        let mut properties = FieldTable::default();
        properties.insert(ShortString::from("product"), long(product));
        properties.insert("version".into(), long(version));
        properties.insert("capabilities".into(), AMQPValue::FieldTable(able));
        properties
    }

    const ALL: &[&str] = &["publisher_confirms", "basic.nack", "consumer_cancel_notify"];

    #[test]
    fn servers_that_keep_what_they_confirm_are_taken() {
        for version in ["3.10.8", "3.13.7", "4.1.0", "4.2.0-rc.1", "unheard of"] {
            assert_eq!(faults(&server("RabbitMQ", version, ALL)), [""; 0], "{version}");
        }
    }

    #[test]
    fn everything_wrong_with_a_server_is_said_at_once() {
        let faults = faults(&server("RabbitMQ", "3.7.28", &["basic.nack"]));
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(
            faults[0].contains("3.7.28") && faults[0].contains("3.10"),
            "{faults:?}"
        );
    }

    #[test]
    fn another_product_is_refused() {
        let faults = faults(&server("Qpid", "9.0", ALL));
        assert!(faults[0].contains("Qpid"), "{faults:?}");
    }
}
