//! What providers and consumers do.
