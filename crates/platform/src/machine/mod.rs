//! Who this machine is: what the system and the hardware call themselves, so that
//! something kept here can be bound to here.
//!
//! Neither is a secret against an account of this machine. They are what a copied file
//! does not carry along.

#[cfg_attr(unix, path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

/// What can be told of this machine. Texts are in lower case, without spaces around.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Given when the system was installed: `/etc/machine-id`, or Windows' `MachineGuid`.
    pub system: Option<String>,
    /// Given to the mainboard by its maker: the UUID of SMBIOS. On Linux only root may
    /// read it; boards without one have none.
    pub hardware: Option<String>,
}

/// Asks the system.
#[must_use]
pub fn identity() -> Identity {
    Identity { system: os::system().and_then(plain), hardware: os::hardware().and_then(plain) }
}

/// The name of this machine in its network, in lower case; none if it has none.
#[must_use]
pub fn name() -> Option<String> {
    let windows = std::env::var("COMPUTERNAME").ok();
    let name = windows.or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())?;
    let name = name.trim().to_lowercase();
    (!name.is_empty()).then_some(name)
}

/// Nothing, zeros and the like are no name: many machines would share them.
fn plain(text: impl AsRef<str>) -> Option<String> {
    let text = text.as_ref().trim().to_lowercase();
    let digits: Vec<char> = text.chars().filter(char::is_ascii_hexdigit).collect();
    let varied = digits.windows(2).any(|pair| pair.first() != pair.last());
    (digits.len() >= 16 && varied).then_some(text)
}

/// The UUID in a table of SMBIOS structures (DMTF DSP0134, 7.2: structure 1, offset 8).
#[cfg_attr(unix, allow(dead_code, reason = "Linux hands it out as a text"))]
fn smbios_uuid(mut table: &[u8]) -> Option<String> {
    loop {
        let (kind, length) = (*table.first()?, usize::from(*table.get(1)?));
        let formatted = table.get(..length.max(4))?;
        if kind == 1 {
            let uuid = formatted.get(8..24)?;
            return Some(uuid.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        // The texts of a structure follow it and end with two zeros.
        let texts = table.get(formatted.len()..)?;
        let end = texts.windows(2).position(|pair| pair == [0, 0])?;
        table = texts.get(end + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_the_same_twice() {
        assert_eq!(identity(), identity());
    }

    #[test]
    fn what_many_machines_share_is_no_name() {
        for shared in ["", " ", "00000000-0000-0000-0000-000000000000", "ffffffffffffffffffff"] {
            assert_eq!(plain(shared), None, "{shared}");
        }
        assert_eq!(plain(" 03000200-0400-0500-0006-000700080009\n").unwrap().len(), 36);
        assert_eq!(plain("ABCDEF0123456789"), Some("abcdef0123456789".into()));
    }

    #[test]
    fn the_uuid_is_found_behind_other_structures_and_nothing_is_read_beyond_the_end() {
        let mut table = vec![0, 5, 1, 0, 9];
        table.extend(b"Maker\0Version\0\0");
        let start = table.len();
        table.extend([1, 27, 2, 0, 1, 2, 3, 4]);
        table.extend(0x10..0x20);
        table.extend([6, 0, 0, 0, 0]);
        assert_eq!(smbios_uuid(&table), Some("101112131415161718191a1b1c1d1e1f".into()));
        for cut in 0..start + 24 {
            assert_eq!(smbios_uuid(&table[..cut]), None, "{cut}");
        }
        assert_eq!(smbios_uuid(&[127, 0, 0, 0, 0, 0]), None);
    }
}
