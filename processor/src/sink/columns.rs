//! Sends a column as a Postgres array, in one go and without making anything per entry.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::window::{BytesColumn, NumberColumn};

type Written = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for BytesColumn {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Written {
        out.reserve(HEAD_BYTES + size_of::<i32>() * self.len() + self.byte_count());
        put_head(out, ty, self.len(), self.has_absent())?;
        put_entries(out, self.iter())
    }

    fn accepts(ty: &Type) -> bool {
        element_of(ty).is_some_and(|element| *element == Type::TEXT || *element == Type::BYTEA)
    }

    to_sql_checked!();
}

impl ToSql for NumberColumn {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Written {
        out.reserve(HEAD_BYTES + NUMBER_BYTES * self.len());
        put_head(out, ty, self.len(), self.has_absent())?;
        put_entries(out, self.iter().map(|number| number.map(i64::to_be_bytes)))
    }

    fn accepts(ty: &Type) -> bool {
        element_of(ty) == Some(&Type::INT8)
    }

    to_sql_checked!();
}

const HEAD_BYTES: usize = 20;
const NUMBER_BYTES: usize = size_of::<i32>() + size_of::<i64>();

fn element_of(ty: &Type) -> Option<&Type> {
    match ty.kind() {
        Kind::Array(element) => Some(element),
        _ => None,
    }
}

/// Of an array with one dimension that begins at 1.
fn put_head(
    out: &mut BytesMut,
    ty: &Type,
    length: usize,
    has_absent: bool,
) -> Result<(), Box<dyn std::error::Error + Sync + Send>> {
    let element = element_of(ty).ok_or_else(|| format!("{ty} is no array"))?;
    out.put_i32(1);
    out.put_i32(i32::from(has_absent));
    out.put_u32(element.oid());
    out.put_i32(i32::try_from(length)?);
    out.put_i32(1);
    Ok(())
}

/// Each behind its length.
fn put_entries<E: AsRef<[u8]>>(out: &mut BytesMut, entries: impl Iterator<Item = Option<E>>) -> Written {
    for entry in entries {
        match entry {
            Some(entry) => {
                out.put_i32(i32::try_from(entry.as_ref().len())?);
                out.put_slice(entry.as_ref());
            }
            None => out.put_i32(-1),
        }
    }
    Ok(IsNull::No)
}
