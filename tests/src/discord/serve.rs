//! Sockets and threads: one thread that lets connections in, and one for each of them.
//!
//! Everything here is blocking. What has to wait waits on a condition, so that dropping the
//! fake ends a scripted hang at once; what reads is ended by shutting its socket down.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::Result;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::answer::html;
use super::http::{Head, Reply, read_body, read_head};
use super::script::Act;
use super::state::State;

/// A client that has said nothing for so long is let go, as real servers do.
pub(crate) const IDLE: Duration = Duration::from_secs(120);

/// What the threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Told whenever something has changed.
    changed: Condvar,
    gate: Mutex<Gate>,
}

/// Who may come in, and who is in.
#[derive(Debug, Default)]
struct Gate {
    offline: bool,
    stopped: bool,
    open: Vec<(u64, TcpStream)>,
    count: u64,
}

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self { state: Mutex::new(state), changed: Condvar::new(), gate: Mutex::default() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked holding the lock has failed already; the others go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells those who wait for it.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let result = work(&mut self.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until it is so, at most so long; whether it came so far.
    pub(crate) fn wait_until(&self, limit: Duration, so: impl Fn(&State) -> bool) -> bool {
        let (_state, result) = self
            .changed
            .wait_timeout_while(self.lock(), limit, |state| !so(state))
            .unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    /// Waits, unless the fake ends or goes offline meanwhile.
    fn pause(&self, seconds: f64) {
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.wait_until(limit, |_| {
            let gate = self.gate();
            gate.stopped || gate.offline
        });
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shuts every connection and lets none in, or lets them in again.
    pub(crate) fn offline(&self, offline: bool) {
        {
            let mut gate = self.gate();
            gate.offline = offline;
            if offline {
                gate.cut_all();
            }
        }
        self.wake();
    }

    pub(crate) fn stop(&self) {
        {
            let mut gate = self.gate();
            gate.stopped = true;
            gate.cut_all();
        }
        self.wake();
    }

    fn wake(&self) {
        // With the lock, or who has just looked at the gate and is about to sleep misses it.
        let _state = self.lock();
        self.changed.notify_all();
    }

    fn admit(&self, stream: &TcpStream) -> Option<u64> {
        let mut gate = self.gate();
        if gate.offline || gate.stopped {
            return None;
        }
        gate.count += 1;
        let number = gate.count;
        gate.open.push((number, stream.try_clone().ok()?));
        Some(number)
    }

    fn leave(&self, number: u64) {
        self.gate().open.retain(|(open, _)| *open != number);
    }
}

impl Gate {
    fn cut_all(&mut self) {
        for (_, stream) in self.open.drain(..) {
            // One that has ended by itself is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// A port that is served until this is dropped.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    listener: TcpListener,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    /// Serves a listener, wherever it was opened, with what `each` does to a connection.
    pub(crate) fn serve(
        listener: TcpListener,
        name: &str,
        each: impl Fn(TcpStream) + Send + Sync + 'static,
    ) -> Result<Self> {
        let address = listener.local_addr()?;
        let kept = listener.try_clone()?;
        let each = Arc::new(each);
        let worker = format!("{name} client");
        let accept = move || {
            loop {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let each = Arc::clone(&each);
                        let client = thread::Builder::new().name(worker.clone());
                        // A client without a thread sees its connection end.
                        let _ = client.spawn(move || each(stream));
                    }
                    // What a listener says that was shut down.
                    Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
                    // A client that went away before it was let in, or too many of them.
                    Err(_) => thread::sleep(Duration::from_millis(10)),
                }
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(accept)?;
        Ok(Self { address, listener: kept, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        // Shutting down is the one thing that wakes a thread out of `accept`, and the standard
        // library offers it for streams only.
        if let Ok(listener) = self.listener.try_clone() {
            let _ = TcpStream::from(OwnedFd::from(listener)).shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }
}

/// One client of the webhook side, from its first byte to its last.
pub(crate) fn webhook_client(
    shared: &Arc<Shared>,
    tls: Option<&Arc<ServerConfig>>,
    stream: TcpStream,
) {
    let Some(number) = shared.admit(&stream) else { return };
    // Errors here are the client's: it went away, or does not speak our language.
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(IDLE));
    let _ = match tls {
        None => talk(shared, stream),
        Some(config) => ServerConnection::new(Arc::clone(config))
            .map_err(io::Error::other)
            .and_then(|connection| talk(shared, StreamOwned::new(connection, stream))),
    };
    shared.leave(number);
}

fn talk(shared: &Shared, stream: impl Read + Write) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream)? {
        if !exchange(shared, &head, &mut stream)? || head.closes() {
            break;
        }
    }
    Ok(())
}

/// Deals with one request; whether the connection goes on after it.
fn exchange<S: Read + Write>(
    shared: &Shared,
    head: &Head,
    stream: &mut BufReader<S>,
) -> io::Result<bool> {
    let now = Instant::now();
    let (number, act) = shared.change(|state| state.arrived(head, now));
    if act == Some(Act::CutBefore) {
        return Ok(false);
    }
    if head.expects_word() {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.get_mut().flush()?;
    }
    let bytes = read_body(head, stream)?;
    match act {
        Some(Act::CutAfter) => return Ok(false),
        Some(Act::Hang { seconds }) => {
            shared.pause(seconds);
            return Ok(false);
        }
        _ => {}
    }
    let asked = super::answer::Asked { number, head, bytes: &bytes, act: act.clone() };
    let reply = shared.change(|state| state.answer(&asked, Instant::now()));
    if act == Some(Act::LoseAnswer) {
        return Ok(false);
    }
    if let Some(Act::Slow { seconds }) = act {
        shared.pause(seconds);
    }
    let status = match act {
        Some(Act::Garbage { code } | Act::Huge { code, .. }) => code,
        _ => reply.status,
    };
    // Before it is sent, so that who has the answer finds it noted.
    shared.change(|state| state.note_status(number, Some(status)));
    let sent = send(shared, &reply, act.as_ref(), stream.get_mut());
    if sent.is_err() {
        shared.change(|state| state.note_status(number, None));
    }
    sent.map(|()| true)
}

fn send(shared: &Shared, reply: &Reply, act: Option<&Act>, to: &mut impl Write) -> io::Result<()> {
    match act {
        Some(Act::Drip { seconds }) => drip(shared, reply, *seconds, to),
        Some(Act::Huge { code, bytes }) => huge(*code, *bytes, to),
        Some(Act::Garbage { code }) => {
            let mut garbage = Reply::empty(*code).with("Content-Type", "text/html");
            garbage.body = html(*code).into_bytes();
            garbage.write(to)
        }
        _ => reply.write(to),
    }
}

fn drip(shared: &Shared, reply: &Reply, seconds: f64, to: &mut impl Write) -> io::Result<()> {
    const DROPS: usize = 20;
    to.write_all(reply.head(reply.body.len() as u64).as_bytes())?;
    to.flush()?;
    for drop in reply.body.chunks(reply.body.len().div_ceil(DROPS).max(1)) {
        shared.pause(seconds / DROPS as f64);
        to.write_all(drop)?;
        to.flush()?;
    }
    Ok(())
}

/// JSON of exactly so many bytes, made while it is sent.
fn huge(code: u16, bytes: u64, to: &mut impl Write) -> io::Result<()> {
    const BEGIN: &[u8] = b"{\"content\":\"";
    const END: &[u8] = b"\"}";
    let reply = Reply::empty(code).with("Content-Type", "application/json");
    let padding = bytes.saturating_sub((BEGIN.len() + END.len()) as u64);
    to.write_all(reply.head(padding + (BEGIN.len() + END.len()) as u64).as_bytes())?;
    to.write_all(BEGIN)?;
    io::copy(&mut io::repeat(b'x').take(padding), to)?;
    to.write_all(END)?;
    to.flush()
}
