//! Sends a column of texts or sketches as a Postgres array without making a `String` or `Vec` per entry.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::window::{SketchColumn, TextColumn};

type Written = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for TextColumn {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        put_head(out, &Type::TEXT, self.len(), self.has_absent())?;
        put_entries(out, self.iter().map(|text| text.map(str::as_bytes)))
    }

    fn accepts(ty: &Type) -> bool {
        is_array_of(ty, &Type::TEXT)
    }

    to_sql_checked!();
}

impl ToSql for SketchColumn {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Written {
        put_head(out, &Type::BYTEA, self.len(), self.has_absent())?;
        put_entries(out, self.iter())
    }

    fn accepts(ty: &Type) -> bool {
        is_array_of(ty, &Type::BYTEA)
    }

    to_sql_checked!();
}

fn is_array_of(ty: &Type, wanted: &Type) -> bool {
    matches!(ty.kind(), Kind::Array(element) if element == wanted)
}

/// Of an array with one dimension that begins at 1.
fn put_head(
    out: &mut BytesMut,
    element: &Type,
    length: usize,
    has_absent: bool,
) -> Result<(), std::num::TryFromIntError> {
    out.put_i32(1);
    out.put_i32(i32::from(has_absent));
    out.put_u32(element.oid());
    out.put_i32(i32::try_from(length)?);
    out.put_i32(1);
    Ok(())
}

fn put_entries<'a>(out: &mut BytesMut, entries: impl Iterator<Item = Option<&'a [u8]>>) -> Written {
    for entry in entries {
        match entry {
            Some(bytes) => {
                out.put_i32(i32::try_from(bytes.len())?);
                out.put_slice(bytes);
            }
            None => out.put_i32(-1),
        }
    }
    Ok(IsNull::No)
}
