//! The bits of a NAL unit, one after the other.
//!
//! Source: ITU-T H.264 7.3.1, 9.1; ITU-T H.265 7.3.1.1, 9.2.
//!
//! **Invariant:** any bytes are accepted, in time that grows with their number; past the end there is nothing.

/// Bits of a unit, without the bytes that keep start codes out of it.
pub struct Bits<'a> {
    bytes: &'a [u8],
    zeros: u8,
    byte: u8,
    left: u8,
}

impl<'a> Bits<'a> {
    /// From the first bit of a unit.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, zeros: 0, byte: 0, left: 0 }
    }

    /// The next bit.
    pub fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            self.byte = self.next()?;
            if self.zeros >= 2 && self.byte == 3 {
                self.zeros = 0;
                self.byte = self.next()?;
            }
            self.zeros = if self.byte == 0 { self.zeros.saturating_add(1) } else { 0 };
            self.left = 8;
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left & 1))
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    /// A number of so many bits.
    pub fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |sum: u32, _| Some(sum << 1 | self.bit()?))
    }

    /// Passes over so many bits.
    pub fn skip(&mut self, count: u32) -> Option<()> {
        (0..count).try_for_each(|_| self.bit().map(drop))
    }

    /// `ue(v)`; no number in a set needs more than 32 bits.
    pub fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
        }
        let number =
            (1_u64 << u32::min(zeros, 32)) - 1 + u64::from(self.take(zeros).filter(|_| zeros <= 32)?);
        u32::try_from(number).ok()
    }

    /// `se(v)`.
    pub fn signed(&mut self) -> Option<i64> {
        let number = i64::from(self.number()?);
        Some(if number % 2 == 1 { (number + 1) / 2 } else { -(number / 2) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        // 1, 010, 011, 00100, 00101: 0 to 4, or 0, 1, -1, 2, -2.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = Bits::new(&bytes);
        let read: Vec<_> = std::iter::repeat_with(|| bits.number()).take(5).collect();
        assert_eq!(read, [0, 1, 2, 3, 4].map(Some));
        let mut bits = Bits::new(&bytes);
        let read: Vec<_> = std::iter::repeat_with(|| bits.signed()).take(5).collect();
        assert_eq!(read, [0, 1, -1, 2, -2].map(Some));
    }

    #[test]
    fn bytes_that_keep_start_codes_out_are_left_out() {
        let mut bits = Bits::new(&[0, 0, 3, 1, 0, 0, 3]);
        assert_eq!(bits.take(24), Some(1));
        assert_eq!((bits.take(16), bits.bit()), (Some(0), None));
    }
}
