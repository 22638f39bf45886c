//! The listener and its connections: each has its limits, none can hold up another.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep};

use super::caller::Peer;

/// Connections at once; beyond them new ones are closed at once.
const MAX_CONNECTIONS: usize = 2048;
/// Those of one address of the network: a browser has six, and a manager some more.
const MAX_OF_ADDRESS: usize = 128;
/// How long the head of a request may take, and how long a connection may idle.
const HEAD: Duration = Duration::from_secs(10);
/// The size of the head of a request.
const HEAD_BYTES: usize = 64 * 1024;
/// The headers of a request; more are a flood (431).
const HEADERS: usize = 100;
/// How long a client may refuse to read what it asked for.
const STALL: Duration = Duration::from_secs(30);
/// How long answers in the making get at the end. Streams never end by themselves.
const FAREWELL: Duration = Duration::from_secs(2);
/// After a failure to accept (no file handles left).
const BREATH: Duration = Duration::from_millis(100);

/// A listener at an address.
///
/// # Errors
/// If the port is taken, or the address is none of this machine.
pub async fn bind(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind(SocketAddr::from((address, port))).await
}

/// How many connections each address has.
#[derive(Debug, Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A place among them, given back when it is dropped.
struct Place(Crowd, IpAddr);

impl Crowd {
    /// None if the address has its share already.
    fn enter(&self, address: IpAddr) -> Option<Place> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let there = all.entry(address).or_default();
        // Programs of this machine could do worse than connect.
        if *there >= MAX_OF_ADDRESS && !address.is_loopback() {
            return None;
        }
        *there += 1;
        Some(Place(self.clone(), address))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = all.get_mut(&self.1) {
            *there -= 1;
            if *there == 0 {
                all.remove(&self.1);
            }
        }
    }
}

/// Serves until `shutdown` is done; then running answers get a moment and streams end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let (stop, stopping) = watch::channel(false);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let crowd = Crowd::default();
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            // Accepting and reaping lose nothing when another is ready first.
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let address = peer.ip().to_canonical();
        let Some(share) = crowd.enter(address) else { continue };
        // Whoever speaks to us from the address that he speaks to sits here.
        let here = stream.local_addr().is_ok_and(|a| a.ip().to_canonical() == address);
        let peer = Peer::Address { address, own: here || address.is_loopback() };
        let (router, stopping) = (router.clone(), stopping.clone());
        connections.spawn(async move {
            connection(stream, peer, router, stopping).await;
            drop((place, share));
        });
    }
    drop(listener);
    stop.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(FAREWELL, all).await;
    connections.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) {
    // Events are small and to be there at once.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Patient::new(stream));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS)
        .serve_connection(io, service);
    let mut served = pin!(served);
    tokio::select! {
        // What goes wrong on a connection is the client's business.
        _ = &mut served => return,
        _ = stopping.wait_for(|stop| *stop) => served.as_mut().graceful_shutdown(),
    }
    let _ = served.await;
}

/// A stream whose other end must read what it is sent.
struct Patient {
    stream: TcpStream,
    /// Runs while something could not be written.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn new(stream: TcpStream) -> Self {
        Patient { stream, stalled: None }
    }

    fn judge<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let new = || Box::pin(tokio::time::sleep_until(Instant::now() + STALL));
        let waiting = self.stalled.get_or_insert_with(new);
        match waiting.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.judge(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
