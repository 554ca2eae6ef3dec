//! (hash)
