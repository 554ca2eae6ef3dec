//! (unixfs)
