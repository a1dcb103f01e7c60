//! Measurements as messages of Prometheus' client model.

use pars_proto::host::io::prometheus::client;

use crate::metric::{Family, Kind, Number, Series, Value};

/// A family as the host's scraper reads it.
pub(super) fn family(family: Family) -> client::MetricFamily {
    let kind = match family.kind {
        Kind::Counter => client::MetricType::Counter,
        Kind::Gauge => client::MetricType::Gauge,
        Kind::Histogram => client::MetricType::Histogram,
    };
    client::MetricFamily {
        name: Some(family.name.to_owned()),
        help: Some(family.help.to_owned()),
        r#type: Some(kind.into()),
        metric: family.series.into_iter().map(|series| metric(family.kind, series)).collect(),
    }
}

fn metric(kind: Kind, series: Series) -> client::Metric {
    let label = |(name, value): (&str, String)| client::LabelPair { name: Some(name.to_owned()), value: Some(value) };
    let labelled = client::Metric { label: series.labels.into_iter().map(label).collect(), ..Default::default() };
    match series.value {
        Value::Number(number) if kind == Kind::Counter => {
            client::Metric { counter: Some(client::Counter { value: Some(number.float()) }), ..labelled }
        }
        Value::Number(number) => {
            client::Metric { gauge: Some(client::Gauge { value: Some(number.float()) }), ..labelled }
        }
        Value::Times { count, sum, buckets } => {
            let bucket = |(bound, count)| client::Bucket {
                cumulative_count: Some(count),
                upper_bound: Some(Number::Time(bound).float()),
            };
            let histogram = client::Histogram {
                sample_count: Some(count),
                sample_sum: Some(Number::Time(sum).float()),
                bucket: buckets.into_iter().map(bucket).collect(),
            };
            client::Metric { histogram: Some(histogram), ..labelled }
        }
    }
}
