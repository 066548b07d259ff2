//! Sends a column of texts or sketches as a Postgres array without making a `String` or `Vec` per entry.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::window::BytesColumn;

type Written = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for BytesColumn {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Written {
        let Some(element) = element_of(ty) else { return Err(format!("{ty} is no array").into()) };
        out.reserve(HEAD_BYTES + size_of::<i32>() * self.len() + self.byte_count());
        // An array with one dimension that begins at 1.
        out.put_i32(1);
        out.put_i32(i32::from(self.has_absent()));
        out.put_u32(element.oid());
        out.put_i32(i32::try_from(self.len())?);
        out.put_i32(1);
        for entry in self.iter() {
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

    fn accepts(ty: &Type) -> bool {
        element_of(ty).is_some_and(|element| *element == Type::TEXT || *element == Type::BYTEA)
    }

    to_sql_checked!();
}

const HEAD_BYTES: usize = 20;

fn element_of(ty: &Type) -> Option<&Type> {
    match ty.kind() {
        Kind::Array(element) => Some(element),
        _ => None,
    }
}
