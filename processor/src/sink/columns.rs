//! Sends a text column as a Postgres array without making a `String` per entry.

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::window::TextColumn;

impl ToSql for TextColumn {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_i32(1);
        out.put_i32(i32::from(self.has_absent()));
        out.put_u32(Type::TEXT.oid());
        out.put_i32(i32::try_from(self.len())?);
        out.put_i32(1);
        for entry in self.iter() {
            match entry {
                Some(text) => {
                    out.put_i32(i32::try_from(text.len())?);
                    out.put_slice(text.as_bytes());
                }
                None => out.put_i32(-1),
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(ty.kind(), Kind::Array(element) if *element == Type::TEXT)
    }

    to_sql_checked!();
}
