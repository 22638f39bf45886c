//! Windows: access lists, written in the security descriptor definition language.
#![allow(unsafe_code)] // access lists have no safe face in std.

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetTokenInformation, PROTECTED_DACL_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, SetFileSecurityW, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

fn wide(text: impl AsRef<std::ffi::OsStr>) -> Vec<u16> {
    text.as_ref().encode_wide().chain([0]).collect()
}

/// The security identifier of the account that runs this program, as text.
fn own_sid() -> io::Result<String> {
    let mut token: HANDLE = std::ptr::null_mut();
    // SAFETY: token lives through the call and is closed below.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // A TOKEN_USER and the longest identifier (68 bytes), aligned for pointers.
    let mut buffer = [0u64; 32];
    let (mut used, size) = (0u32, size_of_val(&buffer) as u32);
    // SAFETY: the buffer is as large as it is said to be.
    let told = unsafe {
        GetTokenInformation(token, TokenUser, buffer.as_mut_ptr().cast(), size, &raw mut used)
    };
    let error = io::Error::last_os_error();
    // SAFETY: opened above, closed once.
    unsafe { CloseHandle(token) };
    if told == 0 {
        return Err(error);
    }
    let mut text: *mut u16 = std::ptr::null_mut();
    // SAFETY: the call above has filled the buffer with a TOKEN_USER, whose identifier
    // lies in the same buffer; the text ends in zero and is freed with LocalFree.
    unsafe {
        let user = buffer.as_ptr().cast::<TOKEN_USER>().read();
        if ConvertSidToStringSidW(user.User.Sid, &raw mut text) == 0 {
            return Err(io::Error::last_os_error());
        }
        let length = (0..256).take_while(|&i| *text.add(i) != 0).count();
        let sid = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
        LocalFree(text.cast());
        Ok(sid)
    }
}

pub(super) fn restrict_to_owner(path: &Path) -> io::Result<()> {
    let heirs = if std::fs::metadata(path)?.is_dir() { "OICI" } else { "" };
    let sid = own_sid()?;
    let rights = wide(format!("D:P(A;{heirs};FA;;;SY)(A;{heirs};FA;;;BA)(A;{heirs};FA;;;{sid})"));
    let name = wide(path);
    let mut descriptor: PSECURITY_DESCRIPTOR = std::ptr::null_mut();
    // SAFETY: both texts end in zero; the descriptor is freed once, after its last use.
    unsafe {
        let converted = ConvertStringSecurityDescriptorToSecurityDescriptorW(
            rights.as_ptr(),
            SDDL_REVISION_1,
            &raw mut descriptor,
            std::ptr::null_mut(),
        );
        if converted == 0 {
            return Err(io::Error::last_os_error());
        }
        let which = DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
        let set = SetFileSecurityW(name.as_ptr(), which, descriptor);
        let error = io::Error::last_os_error();
        LocalFree(descriptor);
        if set == 0 { Err(error) } else { Ok(()) }
    }
}

pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    std::fs::metadata(path).map(drop)
}
