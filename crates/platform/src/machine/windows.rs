//! Windows: the registry and the firmware's table.
#![allow(unsafe_code)] // neither has a face in std.

use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW,
};
use windows_sys::Win32::System::SystemInformation::{GetSystemFirmwareTable, RSMB};

/// Before the structures: four bytes of versions and their length.
const HEAD: usize = 8;
/// No table is larger (its length has 16 bits in SMBIOS 2).
const MOST: usize = 1 << 20;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

pub(super) fn system() -> Option<String> {
    let (key, name) = (wide("SOFTWARE\\Microsoft\\Cryptography"), wide("MachineGuid"));
    let mut text = [0u16; 64];
    let mut size = size_of_val(&text) as u32;
    let flags = RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY;
    // SAFETY: both names end in zero; the buffer is as large as it is said to be.
    let result = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            flags,
            std::ptr::null_mut(),
            text.as_mut_ptr().cast(),
            &raw mut size,
        )
    };
    if result != 0 {
        return None;
    }
    let length = text.iter().position(|&c| c == 0).unwrap_or(text.len());
    text.get(..length).map(String::from_utf16_lossy)
}

pub(super) fn hardware() -> Option<String> {
    // SAFETY: without a buffer it only tells the size.
    let size = unsafe { GetSystemFirmwareTable(RSMB, 0, std::ptr::null_mut(), 0) } as usize;
    if !(HEAD..=MOST).contains(&size) {
        return None;
    }
    let mut table = vec![0u8; size];
    // SAFETY: the buffer is as large as it is said to be.
    let written =
        unsafe { GetSystemFirmwareTable(RSMB, 0, table.as_mut_ptr(), size as u32) } as usize;
    super::smbios_uuid(table.get(HEAD..written.min(size))?)
}
