//! The text in a file, whatever editor wrote it: UTF-8 with or without a byte order mark, and UTF-16 with one.
//!
//! The command line and the page read files through here, so that both read the same ones. Bytes that are no text are
//! refused: a letter that became "�" on the way would be another key or value, and nobody would be told.

/// Why bytes are no text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("byte 0x{byte:02X} at position {at} is not UTF-8; save the file as UTF-8")]
pub struct NotText {
    /// Where, counted from 0.
    pub at: usize,
    /// The byte.
    pub byte: u8,
}

/// The text that these bytes are. They may be the beginning of a longer file: a letter that is cut off at their end is
/// left out if `cut` says so.
///
/// # Errors
/// The first byte that is no text.
pub fn decode(bytes: &[u8], cut: bool) -> Result<String, NotText> {
    if let Some(rest) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        return decode_utf16(rest, u16::from_le_bytes, cut);
    }
    if let Some(rest) = bytes.strip_prefix(&[0xFE, 0xFF]) {
        return decode_utf16(rest, u16::from_be_bytes, cut);
    }
    let mark = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    let rest = bytes.get(mark..).unwrap_or_default();
    match std::str::from_utf8(rest) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let (good, at) = (error.valid_up_to(), mark + error.valid_up_to());
            match rest.get(..good).map(std::str::from_utf8) {
                Some(Ok(text)) if cut && error.error_len().is_none() => Ok(text.to_owned()),
                _ => Err(NotText { at, byte: bytes.get(at).copied().unwrap_or_default() }),
            }
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, cut: bool) -> Result<String, NotText> {
    /// The bytes of the mark, which was taken off.
    const MARK: usize = 2;
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut at = MARK;
    for letter in char::decode_utf16(pairs.iter().copied().map(unit)) {
        match letter {
            Ok(letter) => {
                text.push(letter);
                at += 2 * letter.len_utf16();
            }
            // Half of a letter that was cut in two.
            Err(_) if cut && at + 2 >= MARK + bytes.len() - odd.len() => return Ok(text),
            Err(_) => {
                return Err(NotText { at, byte: bytes.get(at - MARK).copied().unwrap_or_default() });
            }
        }
    }
    match odd {
        [byte, ..] if !cut => Err(NotText { at, byte: *byte }),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"key\": \"żółw 🐢\"}\n";

    fn utf16(mark: [u8; 2], bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(TEXT.encode_utf16().flat_map(bytes_of)).collect()
    }

    #[test]
    fn every_form_of_unicode_that_editors_write_is_the_same_text() {
        let marked = [&[0xEF, 0xBB, 0xBF], TEXT.as_bytes()].concat();
        let (little, big) = (utf16([0xFF, 0xFE], u16::to_le_bytes), utf16([0xFE, 0xFF], u16::to_be_bytes));
        for bytes in [TEXT.as_bytes(), &marked, &little, &big] {
            assert_eq!(decode(bytes, false).as_deref(), Ok(TEXT));
        }
        assert_eq!(decode(&[], false).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        assert_eq!(decode(b"caf\xe9\"", false), Err(NotText { at: 3, byte: 0xE9 }));
        assert_eq!(decode(b"\xef\xbb\xbfa\x80", true), Err(NotText { at: 4, byte: 0x80 }));
        assert_eq!(decode(b"\x89PNG\r\n", false), Err(NotText { at: 0, byte: 0x89 }));
        assert_eq!(decode(b"\xff\xfea\0b", false), Err(NotText { at: 4, byte: b'b' }));
        assert_eq!(decode(b"\xff\xfea\0\x00\xd8b\0", true), Err(NotText { at: 4, byte: 0 }));
    }

    #[test]
    fn wherever_a_file_is_cut_its_beginning_is_read() {
        let marked = [&[0xEF, 0xBB, 0xBF], TEXT.as_bytes()].concat();
        for bytes in [TEXT.as_bytes().to_vec(), marked, utf16([0xFF, 0xFE], u16::to_le_bytes)] {
            for end in 4..bytes.len() {
                let text = decode(&bytes[..end], true).unwrap();
                assert!(TEXT.starts_with(&text), "{end}: {text}");
            }
        }
    }
}
