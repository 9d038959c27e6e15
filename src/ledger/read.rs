//! Reads bills, each format in a file of its own.
