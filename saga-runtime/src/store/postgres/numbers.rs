//! The numbers of new message rows, out of blocks that the server hands out: known before the row is written, so that
//! nothing has to be reported back.

use super::{error::Fault, session::Session};
use crate::store::Seq;

/// How many numbers a block has.
const BLOCK: i64 = 1 << 16;

/// What is left of the current block.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    block: tokio::sync::Mutex<(Seq, Seq)>,
}

impl Numbers {
    /// The first of as many numbers in a row as each of `counts` says.
    pub(super) async fn take(
        &self,
        session: &Session,
        counts: impl Iterator<Item = usize>,
    ) -> Result<Vec<Seq>, Fault> {
        let mut block = self.block.lock().await;
        let mut firsts = Vec::new();
        for count in counts {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            if block.1 - block.0 < count {
                let rows = session.query("SELECT nextval('message_block')", &[]).await?;
                let nth: i64 = match rows.first() {
                    Some(row) => row.try_get(0)?,
                    None => 0,
                };
                *block = (nth * BLOCK, (nth + 1) * BLOCK);
            }
            firsts.push(block.0);
            block.0 += count;
        }
        Ok(firsts)
    }

    /// The most rows that one unit may bear.
    pub(super) const MOST: usize = BLOCK as usize;
}
