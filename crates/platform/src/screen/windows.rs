//! Windows: GDI, which copies what the desktop shows into a bitmap of ours.
#![allow(unsafe_code)] // GDI and desktops have no safe face in std.

use std::ffi::c_void;
use std::io;
use std::ptr::null_mut;

use windows_sys::Win32::Foundation::{ERROR_ACCESS_DENIED, GetLastError};
use windows_sys::Win32::Graphics::Gdi::{
    BI_RGB, BITMAPINFO, BITMAPINFOHEADER, BitBlt, CreateCompatibleDC, CreateDIBSection,
    DIB_RGB_COLORS, DeleteDC, DeleteObject, GdiFlush, GetDC, HBITMAP, HDC, HGDIOBJ, ReleaseDC,
    SRCCOPY, SelectObject,
};
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};
use windows_sys::Win32::System::RemoteDesktop::ProcessIdToSessionId;
use windows_sys::Win32::System::StationsAndDesktops::{
    CloseDesktop, DESKTOP_READOBJECTS, GetUserObjectInformationW, HDESK, OpenInputDesktop, UOI_NAME,
};
use windows_sys::Win32::System::Threading::GetCurrentProcessId;
use windows_sys::Win32::UI::WindowsAndMessaging::{
    GetSystemMetrics, SM_CMONITORS, SM_CXSCREEN, SM_CYSCREEN,
};

use super::pixels::Layout;
use super::{Frame, Unseen};

pub(super) fn grab() -> Result<Frame, Unseen> {
    if is_service() {
        return Err(Unseen::NoDisplay);
    }
    let name = input_desktop()?;
    if !name.eq_ignore_ascii_case("Default") {
        // Winlogon: locked, or a question of the user account control. Screen-saver.
        return Err(Unseen::Locked);
    }
    let _physical = PhysicalPixels::enter();
    // SAFETY: no pointers. The primary monitor begins at 0, 0 by definition.
    let (monitors, width, height) = unsafe {
        (
            GetSystemMetrics(SM_CMONITORS),
            GetSystemMetrics(SM_CXSCREEN),
            GetSystemMetrics(SM_CYSCREEN),
        )
    };
    if monitors == 0 || width <= 0 || height <= 0 {
        return Err(Unseen::NoDisplay);
    }
    copy(width, height)
}

fn failed(what: &str) -> Unseen {
    Unseen::Failed(format!("{what}: {}", io::Error::last_os_error()))
}

/// Services live in session 0, which has a desktop that nobody sees.
fn is_service() -> bool {
    let mut session = 0;
    // SAFETY: session lives through the call.
    let told = unsafe { ProcessIdToSessionId(GetCurrentProcessId(), &raw mut session) };
    told != 0 && session == 0
}

struct Desktop(HDESK);

impl Drop for Desktop {
    fn drop(&mut self) {
        // SAFETY: opened by us, closed once.
        unsafe { CloseDesktop(self.0) };
    }
}

/// The name of the desktop that takes the input now. One that we may not open is not the
/// user's.
fn input_desktop() -> Result<String, Unseen> {
    // SAFETY: no pointers.
    let desktop = unsafe { OpenInputDesktop(0, 0, DESKTOP_READOBJECTS) };
    if desktop.is_null() {
        // SAFETY: no pointers.
        return Err(match unsafe { GetLastError() } {
            ERROR_ACCESS_DENIED => Unseen::Locked,
            _ => failed("the desktop cannot be opened"),
        });
    }
    let desktop = Desktop(desktop);
    let mut name = [0u16; 64];
    let (size, mut needed) = (size_of_val(&name) as u32, 0);
    // SAFETY: name is as large as it is said to be, and lives through the call.
    let told = unsafe {
        GetUserObjectInformationW(
            desktop.0,
            UOI_NAME,
            name.as_mut_ptr().cast(),
            size,
            &raw mut needed,
        )
    };
    if told == 0 {
        return Err(failed("the desktop does not tell its name"));
    }
    let length = name.iter().position(|&unit| unit == 0).unwrap_or(name.len());
    Ok(String::from_utf16_lossy(&name[..length]))
}

/// While it lives, this thread sees physical pixels, also where the program says nothing
/// of scaled displays and would be shown a smaller, blurred desktop.
struct PhysicalPixels(Option<(SetAwareness, Awareness)>);

type Awareness = *mut c_void;
type SetAwareness = unsafe extern "system" fn(Awareness) -> Awareness;

/// `DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE`, of Windows 10 version 1607.
const PER_MONITOR: isize = -3;

impl PhysicalPixels {
    fn enter() -> Self {
        // SAFETY: both names end in zero; user32 is loaded, as this module imports from it;
        // the function found has the signature that its documentation gives.
        unsafe {
            let module = GetModuleHandleA(c"user32.dll".as_ptr().cast());
            let found = (!module.is_null())
                .then(|| GetProcAddress(module, c"SetThreadDpiAwarenessContext".as_ptr().cast()));
            let Some(Some(found)) = found else { return PhysicalPixels(None) };
            let set =
                std::mem::transmute::<unsafe extern "system" fn() -> isize, SetAwareness>(found);
            let before = set(PER_MONITOR as Awareness);
            PhysicalPixels((!before.is_null()).then_some((set, before)))
        }
    }
}

impl Drop for PhysicalPixels {
    fn drop(&mut self) {
        if let Some((set, before)) = self.0 {
            // SAFETY: the function that was found above, with what it gave back.
            unsafe { set(before) };
        }
    }
}

/// The screen's device context.
struct ScreenContext(HDC);

impl Drop for ScreenContext {
    fn drop(&mut self) {
        // SAFETY: lent by GetDC(null), given back once.
        unsafe { ReleaseDC(null_mut(), self.0) };
    }
}

/// A device context in memory.
struct MemoryContext(HDC);

impl Drop for MemoryContext {
    fn drop(&mut self) {
        // SAFETY: made by us, deleted once.
        unsafe { DeleteDC(self.0) };
    }
}

/// A bitmap and where its pixels lie.
struct Bitmap {
    handle: HBITMAP,
    pixels: *mut c_void,
}

impl Drop for Bitmap {
    fn drop(&mut self) {
        // SAFETY: made by us, deleted once; no context has it any more.
        unsafe { DeleteObject(self.handle) };
    }
}

impl Bitmap {
    /// 32 bits a pixel, the top row first.
    fn new(context: &MemoryContext, width: i32, height: i32) -> Option<Bitmap> {
        // SAFETY: a structure of numbers, for which zero is a value.
        let mut info: BITMAPINFO = unsafe { std::mem::zeroed() };
        info.bmiHeader.biSize = size_of::<BITMAPINFOHEADER>() as u32;
        info.bmiHeader.biWidth = width;
        info.bmiHeader.biHeight = -height;
        info.bmiHeader.biPlanes = 1;
        info.bmiHeader.biBitCount = 32;
        info.bmiHeader.biCompression = BI_RGB;
        let mut pixels = null_mut();
        // SAFETY: info and pixels live through the call.
        let handle = unsafe {
            CreateDIBSection(
                context.0,
                &raw const info,
                DIB_RGB_COLORS,
                &raw mut pixels,
                null_mut(),
                0,
            )
        };
        (!handle.is_null() && !pixels.is_null()).then_some(Bitmap { handle, pixels })
    }
}

/// A bitmap in a context, until it is dropped.
struct Selected<'a> {
    context: &'a MemoryContext,
    before: HGDIOBJ,
}

impl Drop for Selected<'_> {
    fn drop(&mut self) {
        // SAFETY: the object that lay in this context before ours.
        unsafe { SelectObject(self.context.0, self.before) };
    }
}

fn copy(width: i32, height: i32) -> Result<Frame, Unseen> {
    // SAFETY: null is the whole screen.
    let screen = unsafe { GetDC(null_mut()) };
    if screen.is_null() {
        return Err(Unseen::NoDisplay);
    }
    let screen = ScreenContext(screen);
    // SAFETY: screen is a context.
    let memory = unsafe { CreateCompatibleDC(screen.0) };
    if memory.is_null() {
        return Err(failed("no memory for a picture"));
    }
    let memory = MemoryContext(memory);
    let bitmap =
        Bitmap::new(&memory, width, height).ok_or_else(|| failed("no memory for a picture"))?;
    // SAFETY: both are ours and live longer than the selection.
    let before = unsafe { SelectObject(memory.0, bitmap.handle) };
    let selected = Selected { context: &memory, before };
    // SAFETY: both contexts live; the sizes are those of the bitmap.
    let copied =
        unsafe { BitBlt(selected.context.0, 0, 0, width, height, screen.0, 0, 0, SRCCOPY) };
    if copied == 0 {
        return Err(failed("the desktop cannot be copied"));
    }
    let (columns, rows) = (width.unsigned_abs() as usize, height.unsigned_abs() as usize);
    // SAFETY: the system made a bitmap of this size with 4 bytes a pixel, and has finished
    // drawing after the flush.
    let data = unsafe {
        GdiFlush();
        std::slice::from_raw_parts(bitmap.pixels.cast::<u8>(), columns * rows * 4)
    };
    let rgba = Layout::BGRX
        .to_rgba(data, columns, rows)
        .ok_or_else(|| Unseen::Failed("the desktop's picture cannot be read".to_owned()))?;
    Ok(Frame { width: width.unsigned_abs(), height: height.unsigned_abs(), rgba })
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Foundation::RECT;
    use windows_sys::Win32::Graphics::Gdi::{CreateSolidBrush, FillRect};

    use super::*;

    /// Paints over whatever is on the screen.
    fn paint(left: i32, top: i32, right: i32, bottom: i32, [red, green, blue]: [u8; 3]) {
        let color = u32::from_le_bytes([red, green, blue, 0]);
        let place = RECT { left, top, right, bottom };
        // SAFETY: place lives through the call; the brush is deleted once.
        unsafe {
            let screen = ScreenContext(GetDC(null_mut()));
            let brush = CreateSolidBrush(color);
            FillRect(screen.0, &raw const place, brush);
            GdiFlush();
            DeleteObject(brush);
        }
    }

    #[test]
    fn what_is_painted_on_the_screen_is_seen() {
        let frame = match grab() {
            Ok(frame) => frame,
            Err(unseen) => {
                assert!(std::env::var_os("CI").is_none(), "CI must have a display: {unseen:?}");
                println!("SKIPPED: needs a display ({unseen:?})");
                return;
            }
        };
        assert_eq!(frame.rgba.len(), (frame.width * frame.height * 4) as usize);
        paint(0, 0, 100, 50, [220, 30, 40]);
        paint(100, 0, 200, 50, [30, 170, 60]);
        let frame = grab().expect("a second look");
        let at = |x: u32, y: u32| {
            let start = ((y * frame.width + x) * 4) as usize;
            &frame.rgba[start..start + 4]
        };
        assert_eq!((at(50, 25), at(150, 25)), (&[220, 30, 40, 255][..], &[30, 170, 60, 255][..]));
        assert_eq!(at(99, 49), [220, 30, 40, 255]);
        assert_eq!(at(100, 0), [30, 170, 60, 255]);
    }
}
