//! What can go wrong, how often it usually does, and how often it did.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! faults {
    ($($(#[doc = $text:literal])+ $fault:ident = $name:literal, $rate:literal;)*) => {
        /// What can go wrong at a seam.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $($(#[doc = $text])+ $fault,)*
        }

        impl Fault {
            /// Every kind.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$fault),*];
            /// How many kinds there are.
            pub const COUNT: usize = [$($name),*].len();

            /// Its name in reports.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => $name,)*
                }
            }

            /// How likely it usually is to strike where it can.
            pub fn usual_rate(self) -> f64 {
                match self {
                    $(Self::$fault => $rate,)*
                }
            }
        }
    };
}

faults! {
    /// A call takes long.
    Slow = "slow calls", 0.02;
    /// The store does not answer; nothing was applied.
    StoreAway = "store calls refused", 0.03;
    /// The store applied all, but its answer is lost.
    AnswerLost = "store answers lost", 0.02;
    /// The store applied some units of a commit, and its answer is lost.
    AnswerLostHalfway = "commits applied in part", 0.01;
    /// The process dies as it calls; nothing was applied.
    CrashBefore = "crashes before a call took effect", 0.002;
    /// The process dies before it gets the answer.
    CrashAfter = "crashes after a call took effect", 0.002;
    /// The process dies at any moment, or is stopped in good order.
    Stopped = "crashes and stops between calls", 0.0;
    /// The process is cut off, longer than its lease, and does not know it.
    CutOff = "nodes cut off past their lease", 0.003;
    /// The store tells nobody that there is something to take.
    WakeLost = "wake-ups lost", 0.5;
    /// The store says so for nothing.
    WakeSpurious = "wake-ups for nothing", 0.02;
    /// The broker did not get it.
    SendLost = "sends lost", 0.02;
    /// The broker has it, but its confirmation is lost.
    ConfirmLost = "confirmations lost", 0.02;
    /// The broker delivers it twice.
    Doubled = "deliveries doubled", 0.05;
    /// The broker delivers it after later ones.
    HeldBack = "deliveries held back", 0.05;
    /// The deliveries of one batch come in another order.
    Shuffled = "batches out of order", 0.2;
    /// The connection breaks while it is received.
    ReceiveCut = "receivers cut", 0.01;
    /// The acknowledgement does not get there.
    AckLost = "acknowledgements lost", 0.02;
    /// A service fails before it did anything.
    ServiceFails = "service failures", 0.05;
    /// A service fails after it did its work.
    ServiceFailsLate = "service failures after the work", 0.02;
    /// A client sends once more what it has sent.
    Resent = "client repetitions", 0.1;
}

/// How often each fault struck.
#[derive(Debug, Default)]
pub struct Tally([AtomicU64; Fault::COUNT]);

impl Tally {
    /// One more.
    pub fn count(&self, fault: Fault) {
        self.0[fault as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// By kind.
    pub fn counts(&self) -> [u64; Fault::COUNT] {
        std::array::from_fn(|kind| self.0[kind].load(Ordering::Relaxed))
    }
}
