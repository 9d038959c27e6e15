//! A view that is drawn again and again in its place, on a terminal of its own (the alternate
//! screen), so that what stood there before is there again afterwards.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::style::Print;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{execute, queue};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::{Error, Result};

/// How long a key may wait.
const KEY: Duration = Duration::from_millis(100);

/// Whether the terminal is ours now.
static OURS: AtomicBool = AtomicBool::new(false);

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The end: `q`, Esc, Ctrl-C.
    Quit,
    /// So many lines on, or back.
    Scroll(i32),
    /// So many screens on, or back.
    Page(i32),
    /// To the first line.
    Home,
    /// To the last line.
    End,
    /// The terminal has another size now.
    Resized,
}

/// A terminal that is drawn on; given back when dropped.
#[derive(Debug)]
pub struct Live {
    keys: UnboundedReceiver<Key>,
    top: usize,
}

impl Live {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn begin() -> Result<Self> {
        let cannot = |error| Error::failed("the terminal cannot be drawn on").because(error);
        terminal::enable_raw_mode().map_err(cannot)?;
        OURS.store(true, Ordering::SeqCst);
        let (send, keys) = unbounded_channel();
        let live = Self { keys, top: 0 };
        execute!(io::stdout(), EnterAlternateScreen, Hide).map_err(cannot)?;
        thread::spawn(move || {
            while OURS.load(Ordering::SeqCst) {
                let found = match event::poll(KEY) {
                    Ok(true) => event::read().ok().and_then(|event| key(&event)),
                    Ok(false) => None,
                    Err(_) => Some(Key::Quit),
                };
                if found.is_some_and(|key| send.send(key).is_err()) {
                    return;
                }
            }
        });
        Ok(live)
    }

    /// Waits for a key.
    pub async fn key(&mut self) -> Key {
        self.keys.recv().await.unwrap_or(Key::Quit)
    }

    /// The terminal's columns.
    pub fn width() -> usize {
        terminal::size().map_or(80, |(width, _)| usize::from(width))
    }

    /// Moves over the text.
    pub fn scroll(&mut self, key: Key) {
        let page = i32::from(terminal::size().map_or(24, |(_, height)| height)).saturating_sub(2).max(1);
        let by = |lines: i32| self.top.saturating_add_signed(isize::try_from(lines).unwrap_or_default());
        self.top = match key {
            Key::Scroll(lines) => by(lines),
            Key::Page(pages) => by(pages.saturating_mul(page)),
            Key::Home => 0,
            Key::End => usize::MAX,
            Key::Quit | Key::Resized => self.top,
        };
    }

    /// Draws text, as much of it as there is room for. Lines that stay the same do not flicker: nothing
    /// is cleared before it is written, and the terminal shows all of it at once.
    ///
    /// # Errors
    /// When the terminal cannot be written.
    pub fn draw(&mut self, text: &str) -> Result<()> {
        let cannot = |error| Error::failed("the terminal cannot be written").because(error);
        let (width, height) = terminal::size().unwrap_or((80, 24));
        let lines = window(text, &mut self.top, usize::from(width), usize::from(height));
        let mut out = io::BufWriter::new(io::stdout().lock());
        let drawn = queue!(out, BeginSynchronizedUpdate).and_then(|()| {
            for (row, line) in (0..height).zip(&lines) {
                queue!(out, MoveTo(0, row), Print(line), Clear(ClearType::UntilNewLine))?;
            }
            let below = u16::try_from(lines.len()).unwrap_or(height);
            if below < height {
                queue!(out, MoveTo(0, below), Clear(ClearType::FromCursorDown))?;
            }
            queue!(out, EndSynchronizedUpdate)?;
            out.flush()
        });
        drawn.map_err(cannot)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        restore_terminal();
    }
}

/// Gives the terminal back, if it was taken.
pub fn restore_terminal() {
    if OURS.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone.
        drop(execute!(io::stdout(), Show, LeaveAlternateScreen));
        drop(terminal::disable_raw_mode());
    }
}

fn key(event: &Event) -> Option<Key> {
    let Event::Key(pressed) = event else {
        return matches!(event, Event::Resize(..)).then_some(Key::Resized);
    };
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    match pressed.code {
        KeyCode::Char('c' | 'd') if pressed.modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Scroll(-1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Scroll(1)),
        KeyCode::PageUp => Some(Key::Page(-1)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Key::Page(1)),
        KeyCode::Home | KeyCode::Char('g') => Some(Key::Home),
        KeyCode::End | KeyCode::Char('G') => Some(Key::End),
        _ => None,
    }
}

/// The lines that are seen: the first stays, the last says what is below. `top` is put right.
fn window(text: &str, top: &mut usize, width: usize, height: usize) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let cut = |line: &str| line.chars().take(width).collect::<String>();
    if lines.len() <= height || height < 3 {
        *top = 0;
        return lines.iter().take(height).map(|line| cut(line)).collect();
    }
    let room = height - 2;
    let (first, rest) = lines.split_at(1);
    *top = (*top).min(rest.len() - room);
    let seen = rest.iter().skip(*top).take(room);
    let below = rest.len() - room - *top;
    let hint = format!("{below} more lines below; arrows and page keys move, q ends");
    first.iter().chain(seen).map(|line| cut(line)).chain([cut(&hint)]).collect()
}

#[cfg(test)]
mod tests {
    use super::window;

    #[test]
    fn what_does_not_fit_is_scrolled_below_the_first_line() {
        let text = (0..9).map(|line| format!("{line}\n")).collect::<String>();
        let mut top = usize::MAX;
        assert_eq!(window(&text, &mut top, 80, 5)[..4], ["0", "6", "7", "8"]);
        assert_eq!(top, 5);
        top = 1;
        let seen = window(&text, &mut top, 12, 5);
        assert_eq!(seen, ["0", "2", "3", "4", "4 more lines"]);
        assert_eq!(window("a\nb\n", &mut top, 80, 5), ["a", "b"]);
        assert_eq!(top, 0, "everything fits");
    }
}
