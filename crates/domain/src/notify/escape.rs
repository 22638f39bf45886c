//! Names as text: nothing in them may format, link or mention.

/// Characters that Discord's Markdown takes for its own.
const SPECIAL: &[char] =
    &['\\', '*', '_', '~', '`', '|', '>', '#', '[', ']', '(', ')', '<', '@', ':', '-', '+'];

/// A name with Discord's Markdown taken out of it: one line, every special character with
/// a backslash before it, invisible characters left out.
pub(super) fn name(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            continue;
        }
        if SPECIAL.contains(&c) && !is_harmless(c, &out) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `PC-1` stays `PC-1`: a hyphen or a plus is a list only at the start of a line.
fn is_harmless(c: char, before: &str) -> bool {
    matches!(c, '-' | '+') && !before.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_cannot_format_link_or_mention() {
        assert_eq!(name("PC-1"), "PC-1");
        assert_eq!(name("@everyone"), "\\@everyone");
        assert_eq!(name("*VIP* _1_"), "\\*VIP\\* \\_1\\_");
        assert_eq!(name("[x](http://y)"), "\\[x\\]\\(http\\://y\\)");
        assert_eq!(name("a\nb\u{202e}c"), "abc");
        assert_eq!(name("- list"), "\\- list");
        assert_eq!(name("<@123>"), "\\<\\@123\\>");
    }
}
