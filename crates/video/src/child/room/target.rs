//! The one target, and the window that set it.
//!
//! **Invariant:** a slot holds one target. Putting another in throws the older one away.

use std::{
    net::TcpStream,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use limpet_wire::frames::FrameEvent;
use tungstenite::{Message, WebSocket};

use crate::{VideoError, engine::View};

/// What a window wants to see.
pub struct Target {
    pub window: Window,
    pub generation: u32,
    pub frame: u32,
    pub max_width: u32,
    pub max_height: u32,
    pub near_first: bool,
}

impl Target {
    /// Sends a picture for it.
    pub fn send(&self, view: &View, exact: bool) {
        self.window.send(Message::binary(view.message(self.generation, exact)));
    }

    /// Says that there is no picture for it.
    pub fn fail(&self, error: VideoError) {
        self.window.say(&FrameEvent::Failed { generation: self.generation, failure: error.into() });
    }
}

/// The newest target.
#[derive(Default)]
pub struct Slot {
    target: Mutex<Option<Target>>,
    filled: Condvar,
}

impl Slot {
    /// Overwrites whatever was wanted.
    pub fn put(&self, target: Target) {
        *lock(&self.target) = Some(target);
        self.filled.notify_one();
    }

    /// Waits for a target and takes it.
    pub fn take(&self) -> Target {
        let mut slot = lock(&self.target);
        loop {
            match slot.take() {
                Some(target) => return target,
                None => slot = self.filled.wait(slot).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Whether something is wanted that has not been taken.
    pub fn has_newer(&self) -> bool {
        lock(&self.target).is_some()
    }
}

/// The writing half of a connection.
#[derive(Clone)]
pub struct Window(Arc<Mutex<Option<WebSocket<TcpStream>>>>);

impl Window {
    /// Only this writes to the connection from now on.
    pub fn new(socket: WebSocket<TcpStream>) -> Self {
        Self(Arc::new(Mutex::new(Some(socket))))
    }

    /// Sends an event; false when the window is gone.
    pub fn say(&self, event: &FrameEvent) -> bool {
        serde_json::to_string(event).is_ok_and(|json| self.send(Message::text(json)))
    }

    /// Sends a message; false when the window is gone.
    pub fn send(&self, message: Message) -> bool {
        let mut socket = lock(&self.0);
        let sent = socket.as_mut().is_some_and(|socket| socket.send(message).is_ok());
        if !sent && let Some(lost) = socket.take() {
            // Wakes the reading thread.
            let _ = lost.get_ref().shutdown(std::net::Shutdown::Both);
        }
        sent
    }

    /// Says goodbye and forgets the connection.
    pub fn close(&self) {
        if let Some(mut socket) = lock(&self.0).take() {
            // It may be gone already.
            let _ = socket.close(None);
            let _ = socket.flush();
            let _ = socket.get_ref().shutdown(std::net::Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
