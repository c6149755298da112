//! A file as a stream.
//!
//! object_store reads eight kilobytes at a time, each in a call of its own to a thread that may block: a hundred readers
//! keep a processor busy with that alone. Larger pieces are a sixteenth of the calls; memory holds one a reader.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use bytes::Bytes;
use futures_util::{Stream, stream};

/// Bytes read at once.
const PIECE: u64 = 128 * 1024;

/// A range of a file.
pub(super) fn pieces(
    file: File,
    range: Range<u64>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold((file, range), |(mut file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let end = range.end.min(range.start.saturating_add(PIECE));
        let read = tokio::task::spawn_blocking(move || {
            let mut piece = vec![0; usize::try_from(end - range.start).unwrap_or(0)];
            file.seek(SeekFrom::Start(range.start))?;
            file.read_exact(&mut piece)?;
            Ok::<_, io::Error>((piece, file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        Ok(Some((Bytes::from(piece), (file, end..range.end))))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn a_range_comes_whole_and_a_short_file_is_an_error() {
        let content: Vec<u8> =
            (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&content).unwrap();
        for range in [0..400_000, 5..5, 100..131_172, 131_071..131_073, 399_999..400_000] {
            let read: Vec<Bytes> =
                pieces(file.try_clone().unwrap(), range.clone()).try_collect().await.unwrap();
            let expected =
                &content[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
            assert!(read.concat() == expected, "{range:?}");
        }
        assert!(pieces(file, 399_999..400_001).try_collect::<Vec<_>>().await.is_err());
    }
}
