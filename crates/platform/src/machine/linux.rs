//! Linux: machine-id(5) and what the kernel read from SMBIOS.

use std::fs;

pub(super) fn system() -> Option<String> {
    let mut places = ["/etc/machine-id", "/var/lib/dbus/machine-id"].into_iter();
    places.find_map(|path| fs::read_to_string(path).ok())
}

pub(super) fn hardware() -> Option<String> {
    fs::read_to_string("/sys/class/dmi/id/product_uuid").ok()
}
