//! Cells of Parquet as JSON: dates and times in ISO 8601, decimals as strings, lists and structs as they are.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::record::{Field, List, Map, Row};
use parquet::schema::types::Type;
use serde_json::{Number, Value as Json};

use crate::ColumnKind;

/// How the cells of a column are to be understood, where the row interface does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As the cell itself says.
    Plain(ColumnKind),
    /// JSON text.
    Json,
    /// A time in nanoseconds since 1970 or since midnight, which comes as a bare integer.
    Nanos { of_day: bool, is_utc: bool },
    /// A moment in larger units.
    Moment { is_utc: bool },
    /// 16 bytes.
    Uuid,
}

impl Shape {
    /// The shape of a top-level column.
    pub(super) fn of(column: &Type) -> Self {
        let info = column.get_basic_info();
        if !column.is_primitive() {
            return Self::Plain(ColumnKind::Json);
        }
        match info.logical_type_ref() {
            Some(LogicalType::Json) => return Self::Json,
            Some(LogicalType::Uuid) => return Self::Uuid,
            Some(LogicalType::Timestamp(it)) => {
                let is_utc = it.is_adjusted_to_u_t_c;
                return match it.unit {
                    TimeUnit::NANOS => Self::Nanos { of_day: false, is_utc },
                    _ => Self::Moment { is_utc },
                };
            }
            Some(LogicalType::Time(it)) if it.unit == TimeUnit::NANOS => {
                return Self::Nanos { of_day: true, is_utc: it.is_adjusted_to_u_t_c };
            }
            _ => {}
        }
        match info.converted_type() {
            ConvertedType::JSON => Self::Json,
            ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => {
                Self::Moment { is_utc: true }
            }
            // Above 2^63 - 1 it is no integer of ours.
            ConvertedType::UINT_64 => Self::Plain(ColumnKind::Json),
            ConvertedType::DATE
            | ConvertedType::TIME_MILLIS
            | ConvertedType::TIME_MICROS
            | ConvertedType::DECIMAL => Self::Plain(ColumnKind::Text),
            _ => Self::Plain(match column.get_physical_type() {
                Physical::BOOLEAN => ColumnKind::Boolean,
                Physical::INT32 | Physical::INT64 => ColumnKind::Integer,
                Physical::FLOAT | Physical::DOUBLE => ColumnKind::Number,
                Physical::INT96 | Physical::BYTE_ARRAY => ColumnKind::Text,
                Physical::FIXED_LEN_BYTE_ARRAY if info.logical_type_ref() == Some(&LogicalType::Float16) => {
                    ColumnKind::Number
                }
                Physical::FIXED_LEN_BYTE_ARRAY => ColumnKind::Text,
            }),
        }
    }

    /// What the cells hold.
    pub(super) fn kind(self) -> ColumnKind {
        match self {
            Self::Plain(kind) => kind,
            Self::Json => ColumnKind::Json,
            Self::Nanos { .. } | Self::Moment { .. } | Self::Uuid => ColumnKind::Text,
        }
    }

    /// A cell; the error is a reason for people.
    pub(super) fn cell(self, field: Field) -> Result<Json, String> {
        match (self, field) {
            (Self::Json, Field::Str(text)) => {
                serde_json::from_str(&text).map_err(|error| format!("holds what is no JSON: {error}"))
            }
            (Self::Nanos { of_day: true, .. }, Field::Long(nanos)) => Ok(Json::String(time_of_day(nanos))),
            (Self::Nanos { is_utc, .. }, Field::Long(nanos)) => Ok(moment(i128::from(nanos), is_utc)),
            (Self::Moment { is_utc }, Field::TimestampMillis(ms)) => {
                Ok(moment(i128::from(ms) * 1_000_000, is_utc))
            }
            (Self::Moment { is_utc }, Field::TimestampMicros(us)) => {
                Ok(moment(i128::from(us) * 1000, is_utc))
            }
            (Self::Uuid, Field::Bytes(bytes)) => Ok(Json::String(uuid(bytes.data()))),
            (_, field) => plain(field),
        }
    }
}

fn plain(field: Field) -> Result<Json, String> {
    Ok(match field {
        Field::Null => Json::Null,
        Field::Bool(it) => it.into(),
        Field::Byte(it) => it.into(),
        Field::Short(it) => it.into(),
        Field::Int(it) => it.into(),
        Field::Long(it) => it.into(),
        Field::UByte(it) => it.into(),
        Field::UShort(it) => it.into(),
        Field::UInt(it) => it.into(),
        Field::ULong(it) => it.into(),
        Field::Float16(it) => shortest(f64::from(it.to_f32()), &it.to_f32()),
        Field::Float(it) => shortest(f64::from(it), &it),
        Field::Double(it) => number(it),
        Field::Decimal(it) => Json::String(decimal(it.data(), it.scale())?),
        Field::Str(it) => Json::String(it),
        // Many writers forget to say that their bytes are text.
        Field::Bytes(it) => match std::str::from_utf8(it.data()) {
            Ok(text) => Json::String(text.to_owned()),
            Err(_) => return Err("holds bytes that are no text".to_owned()),
        },
        Field::Date(days) => Json::String(date(i64::from(days))),
        Field::TimeMillis(ms) => Json::String(time_of_day(i64::from(ms).saturating_mul(1_000_000))),
        Field::TimeMicros(us) => Json::String(time_of_day(us.saturating_mul(1000))),
        Field::TimestampMillis(ms) => moment(i128::from(ms) * 1_000_000, false),
        Field::TimestampMicros(us) => moment(i128::from(us) * 1000, false),
        Field::Group(row) => group(row)?,
        Field::ListInternal(list) => elements(&list)?,
        Field::MapInternal(map) => entries(&map)?,
    })
}

fn group(row: Row) -> Result<Json, String> {
    let cells = row.into_columns().into_iter().map(|(name, field)| Ok((name, plain(field)?)));
    Ok(Json::Object(cells.collect::<Result<_, String>>()?))
}

fn elements(list: &List) -> Result<Json, String> {
    list.elements().iter().map(|field| plain(field.clone())).collect::<Result<_, _>>().map(Json::Array)
}

fn entries(map: &Map) -> Result<Json, String> {
    let entries = map.entries().iter().map(|(key, field)| {
        let key = match plain(key.clone())? {
            Json::String(text) => text,
            other => other.to_string(),
        };
        Ok((key, plain(field.clone())?))
    });
    Ok(Json::Object(entries.collect::<Result<_, String>>()?))
}

/// A double; what is no JSON number becomes `NaN`, `inf` or `-inf`, and is a double again when it is written.
fn number(it: f64) -> Json {
    Number::from_f64(it).map_or_else(|| Json::String(it.to_string()), Json::Number)
}

/// A single as the double with the same shortest digits: 0.1 and not 0.10000000149011612.
fn shortest(wide: f64, narrow: &f32) -> Json {
    number(narrow.to_string().parse().unwrap_or(wide))
}

/// Two's complement, most significant byte first, with so many digits after the point.
fn decimal(bytes: &[u8], scale: i32) -> Result<String, String> {
    if bytes.len() > 16 {
        return Err("holds a decimal of more than 38 digits".to_owned());
    }
    let is_negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    let mut wide = [if is_negative { 0xff } else { 0 }; 16];
    wide[16 - bytes.len()..].copy_from_slice(bytes);
    let unscaled = i128::from_be_bytes(wide);
    let n_after = usize::try_from(scale).unwrap_or(0);
    let digits = format!("{:0>1$}", unscaled.unsigned_abs(), n_after + 1);
    let (whole, after) = digits.split_at(digits.len() - n_after);
    let sign = if is_negative { "-" } else { "" };
    Ok(if after.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{after}") })
}

fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

const NANOS_PER_DAY: i128 = 86_400_000_000_000;

fn moment(nanos: i128, is_utc: bool) -> Json {
    let days = i64::try_from(nanos.div_euclid(NANOS_PER_DAY)).unwrap_or(0);
    let of_day = i64::try_from(nanos.rem_euclid(NANOS_PER_DAY)).unwrap_or(0);
    let zone = if is_utc { "Z" } else { "" };
    Json::String(format!("{}T{}{zone}", date(days), time_of_day(of_day)))
}

/// `14:05:00`, with as many digits of a second as are not zero, in threes.
fn time_of_day(nanos: i64) -> String {
    let (sign, nanos) = if nanos < 0 { ("-", nanos.unsigned_abs()) } else { ("", nanos.unsigned_abs()) };
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let after = match rest {
        0 => String::new(),
        _ if rest % 1_000_000 == 0 => format!(".{:03}", rest / 1_000_000),
        _ if rest % 1000 == 0 => format!(".{:06}", rest / 1000),
        _ => format!(".{rest:09}"),
    };
    format!("{sign}{:02}:{:02}:{:02}{after}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Days since 1970-01-01 as a date of the Gregorian calendar.
///
/// The years are counted from the 1st of March, so that the leap day is the last of a year; 400 of them have 146,097 days.
fn date(days: i64) -> String {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(-1), "1969-12-31");
        assert_eq!(date(11_016), "2000-02-29");
        assert_eq!(date(20_574), "2026-05-01");
        assert_eq!(date(-141_427), "1582-10-15");
    }

    #[test]
    fn moments_have_as_many_digits_as_they_need() {
        assert_eq!(moment(0, true), "1970-01-01T00:00:00Z");
        assert_eq!(moment(-1_000_000, false), "1969-12-31T23:59:59.999");
        assert_eq!(moment(1_500_000, true), "1970-01-01T00:00:00.001500Z");
        assert_eq!(moment(1, true), "1970-01-01T00:00:00.000000001Z");
    }

    #[test]
    fn decimals_keep_all_their_digits() {
        assert_eq!(decimal(&[0x30, 0x39], 2).unwrap(), "123.45");
        assert_eq!(decimal(&[0xff], 2).unwrap(), "-0.01");
        assert_eq!(decimal(&[0xff], 0).unwrap(), "-1");
        assert_eq!(decimal(&[], 0).unwrap(), "0");
    }

    #[test]
    fn a_single_keeps_its_digits_and_what_is_no_number_its_name() {
        assert_eq!(plain(Field::Float(0.1)).unwrap(), 0.1);
        assert_eq!(plain(Field::Double(f64::NEG_INFINITY)).unwrap(), "-inf");
        assert_eq!(plain(Field::Double(f64::NAN)).unwrap(), "NaN");
    }
}
