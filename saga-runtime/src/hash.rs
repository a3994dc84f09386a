//! The hash map and set of everything that is looked up for each message.

/// A map whose hash costs a fifth of the standard one's on keys of our size, and is seeded anew in each process like it.
pub(crate) type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// The set beside it.
pub(crate) type HashSet<T> = std::collections::HashSet<T, foldhash::fast::RandomState>;
