//! Sends a column as a Postgres array, in one go and without making anything per entry.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::window::{BytesColumn, NumberColumn};

type Written = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for BytesColumn {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Written {
        out.reserve(HEAD_BYTES + size_of::<i32>() * self.len() + self.byte_count());
        put_head(out, ty, self.len(), self.has_absent())?;
        for entry in self.iter() {
            match entry {
                Some(bytes) => {
                    out.put_i32(i32::try_from(bytes.len())?);
                    out.put_slice(bytes);
                }
                None => out.put_i32(ABSENT),
            }
        }
        Ok(IsNull::No)
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
        for number in self.iter() {
            match number {
                Some(number) => {
                    let mut entry = [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
                    entry[size_of::<i32>()..].copy_from_slice(&number.to_be_bytes());
                    out.put_slice(&entry);
                }
                None => out.put_i32(ABSENT),
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        element_of(ty) == Some(&Type::INT8)
    }

    to_sql_checked!();
}

const HEAD_BYTES: usize = 20;
/// Each behind its length.
const NUMBER_BYTES: usize = size_of::<i32>() + size_of::<i64>();
/// In place of a length.
const ABSENT: i32 = -1;

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
