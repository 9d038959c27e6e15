//! Reads that follow each other through an object.

use std::ops::Range;

/// How far behind the last byte of a stream a read may begin to be the next one of it.
const NEAR: u64 = 64 << 10;
/// Bytes that are always few.
const CHEAP: u64 = 2 << 20;
/// Up to so many bytes are not worth two requests.
const WHOLE_PIECE: u64 = 512 << 10;

/// A stretch of an object that is read from its beginning on, with few bytes left out.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    from: u64,
    /// Behind the last byte that was read.
    next: u64,
    /// Bytes that were read, each once.
    read: u64,
    /// Whether a second read has gone on where the first ended.
    goes_on: bool,
    /// Behind the last byte that was fetched for it.
    pub(super) edge: u64,
}

impl Stream {
    pub(super) fn begun(read: &Range<u64>, edge: u64) -> Self {
        Self { from: read.start, next: read.end, read: read.end - read.start, goes_on: false, edge }
    }

    /// Whether a read goes on with this stream: within it, within what was fetched for it, or near behind.
    pub(super) fn takes(&self, read: &Range<u64>) -> bool {
        let near = NEAR.max(read.end - read.start);
        self.from <= read.start && read.start <= self.edge.max(self.next).saturating_add(near)
    }

    pub(super) fn go_on(&mut self, read: &Range<u64>) {
        self.goes_on |= read.end > self.next;
        self.read += read.end.saturating_sub(self.next.max(read.start));
        self.next = self.next.max(read.end);
        self.edge = self.edge.max(read.end);
    }

    /// Behind the last byte that should be there or on its way by now. None for a single read, and
    /// for reads that leave out more than they read.
    pub(super) fn wanted(&self, request: u64, most: u64) -> Option<u64> {
        let length = self.next - self.from;
        let is_dense = self.read >= length / 2 + length / 8;
        (self.goes_on && is_dense).then(|| self.next.saturating_add(self.ahead(request, most)))
    }

    /// How many bytes at once are fetched ahead: half of them, so that the next come while these are read.
    pub(super) fn piece(&self, request: u64, most: u64, sizes: Range<u64>) -> u64 {
        let ahead = self.ahead(request, most);
        (ahead / 2).max(ahead.min(WHOLE_PIECE)).clamp(sizes.start, sizes.end)
    }

    /// How many bytes should be ahead of the reader: a quarter of what was read, for a stream that was long
    /// will go on; of a short one as many as were read, where they are few or cost no more than a request.
    fn ahead(&self, request: u64, most: u64) -> u64 {
        let length = self.next - self.from;
        (length / 4).max(length.min(request.max(CHEAP))).min(most)
    }
}
