//! The limits of the HTTP server, and every setting of hyper that strangers could exhaust, with the
//! reason for each. Nothing is left to a default, so that an update of hyper changes none of them.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;

/// How many connections may be open at one time, unless the operator says otherwise, if the process may have four times as many files
/// open. Each takes some 100 KiB if its client sends or reads slowly.
pub(super) const MAX_CONNECTIONS: usize = 2048;
/// How long a client may take to send a request's head.
pub(super) const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection may be open without a request after its first.
pub(super) const IDLE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a client may read nothing of what is sent to it, whatever that is.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_secs(60);
/// How long responses may continue after the server was told to stop.
pub(super) const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted, most likely because too many files
/// are open.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many responses are sent at one time, unless the operator says otherwise.
pub(super) const MAX_RESPONSES: usize = 256;
/// How many uploads are received at one time, unless the operator says otherwise. Each has up to two blocks in memory.
pub(super) const MAX_UPLOADS: usize = 64;
/// How many uploads one peer may make of one DAG at one time. Fluence's own clients make three.
pub(super) const MAX_UPLOADS_OF_ONE: usize = 4;
/// How many files are fetched at one time because a link to them was opened.
pub(super) const MAX_FETCHES: usize = 64;
/// How many requests may wait at one time for roots that are on their way or being fetched. They take no place from
/// responses, which wait for their blocks themselves.
pub(super) const MAX_WAITING: usize = 1024;
/// How many requests may wait at one time for roots of which nobody has heard.
pub(super) const MAX_UNANNOUNCED: usize = 512;
/// How many providers are asked at one time to describe files that are not here.
pub(super) const MAX_QUESTIONS: usize = 64;

/// How many bytes of a response are handed to a connection at once, and how many a connection
/// buffers: with a slow client, a response takes a few times as much memory, and no more.
pub(super) const PIECE: usize = 64 * 1024;
/// For how long a client may be slower than [`SLOWEST_READER`]. A client that reads faster gets no
/// more than this back.
pub(super) const READER_GRACE: Duration = Duration::from_secs(60);
/// The lowest rate at which a client must read, in bytes per second. A telephone at the edge of an
/// old network manages this.
pub(super) const SLOWEST_READER: u64 = 4 * 1024;
/// For how long an uploader may be slower than [`SLOWEST_UPLOADER`].
pub(super) const UPLOADER_GRACE: Duration = Duration::from_secs(20);
/// The lowest average rate at which an uploader must send, in bytes per second.
pub(super) const SLOWEST_UPLOADER: u64 = 2 * 1024;

/// The largest head of an HTTP/1 request, which is also what a connection buffers of a response, in
/// bytes. hyper would take 400 KiB.
const HTTP1_BUFFER: usize = PIECE;
/// How many header fields an HTTP/1 request may have: hyper's own limit, which browsers do not reach.
const HTTP1_HEADERS: usize = 100;

/// How many streams an HTTP/2 connection may have at one time. Browsers use up to a hundred.
const STREAMS: u32 = 128;
/// How many bytes an HTTP/2 client may send on one stream before they are read: one block in a
/// round trip.
const STREAM_WINDOW: u32 = 1 << 20;
/// The same limit for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 2 << 20;
/// The largest frame that an HTTP/2 client may send: the least that the protocol allows. hyper's
/// default, stated because it is also how much is read at once.
const FRAME: u32 = 16 * 1024;
/// The largest header list of an HTTP/2 request, in bytes: paths have at most 4 KiB.
const HEADER_LIST: u32 = 16 * 1024;
/// How many bytes of one response an HTTP/2 connection buffers. hyper would take 400 KiB of each.
const SEND_BUFFER: usize = PIECE;
/// How many streams an HTTP/2 client may have reset before the server has seen them, before it is
/// cut off (“rapid reset”, CVE-2023-44487): hyper's default.
const PENDING_RESETS: usize = 20;
/// How many streams the server itself may reset because of a client's errors before it is cut off:
/// hyper's default is 1024, and no client of ours has any.
const OWN_RESETS: usize = 64;
/// How often an HTTP/2 client is pinged, which shows that it is there while a response waits.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long an HTTP/2 client may take to answer a ping.
const PING_PATIENCE: Duration = Duration::from_secs(20);

/// A builder of HTTP connections with these limits.
pub(super) fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HTTP1_BUFFER)
        .max_headers(HTTP1_HEADERS)
        // A client that has closed its side has gone: its response ends, and its place is free.
        .half_close(false)
        .keep_alive(true)
        // Responses to pipelined requests would be buffered together.
        .pipeline_flush(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // The windows are limits, and must not grow with what a client can send.
        .adaptive_window(false)
        .max_frame_size(FRAME)
        .max_header_list_size(HEADER_LIST)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(OWN_RESETS);
    builder
}
