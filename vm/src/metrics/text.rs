//! Measurements as text, in the exposition format 0.0.4 of Prometheus.

use pars_host::metric::{Family, Kind, Number, Value};

/// What the text is, for `Content-Type`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All families.
#[must_use]
pub fn write(families: &[Family]) -> String {
    let mut out = String::new();
    for family in families {
        let Family { name, help, kind, series } = family;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        for series in series {
            match &series.value {
                Value::Number(number) => line(&mut out, name, &series.labels, None, *number),
                Value::Times { count, sum, buckets } => {
                    let bucket = format!("{name}_bucket");
                    for (bound, below) in buckets {
                        let bound = Number::Time(*bound).float().to_string();
                        line(&mut out, &bucket, &series.labels, Some(&bound), Number::Count(*below));
                    }
                    line(&mut out, &bucket, &series.labels, Some("+Inf"), Number::Count(*count));
                    line(&mut out, &format!("{name}_sum"), &series.labels, None, Number::Time(*sum));
                    line(&mut out, &format!("{name}_count"), &series.labels, None, Number::Count(*count));
                }
            }
        }
    }
    out
}

fn line(out: &mut String, name: &str, labels: &[(&str, String)], bound: Option<&str>, number: Number) {
    out.push_str(name);
    let bound = bound.map(|bound| ("le", bound));
    let labels = labels.iter().map(|(name, value)| (*name, value.as_str())).chain(bound);
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    if !labels.is_empty() {
        out.push_str(&format!("{{{}}}", labels.join(",")));
    }
    let number = match number {
        Number::Count(count) => count.to_string(),
        Number::Time(_) => number.float().to_string(),
    };
    out.push_str(&format!(" {number}\n"));
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pars_host::metric::Series;
    use std::time::Duration;

    /// As the format's own documentation writes them.
    #[test]
    fn the_format() {
        let series = |labels, value| vec![Series { labels, value }];
        let path = vec![("path", "C:\\DIR\\\"x\"\n".to_owned())];
        let second = Duration::from_secs(1);
        let times = Value::Times { count: 3, sum: second * 3 / 2, buckets: vec![(second / 4, 1), (second, 3)] };
        let families = [
            Family {
                name: "a_total",
                help: "Things.",
                kind: Kind::Counter,
                series: series(path, Value::Number(Number::Count(u64::MAX))),
            },
            Family { name: "b_seconds", help: "Times.", kind: Kind::Histogram, series: series(vec![], times) },
        ];
        let text = "# HELP a_total Things.\n# TYPE a_total counter\n\
                    a_total{path=\"C:\\\\DIR\\\\\\\"x\\\"\\n\"} 18446744073709551615\n\
                    # HELP b_seconds Times.\n# TYPE b_seconds histogram\n\
                    b_seconds_bucket{le=\"0.25\"} 1\nb_seconds_bucket{le=\"1\"} 3\nb_seconds_bucket{le=\"+Inf\"} 3\n\
                    b_seconds_sum 1.5\nb_seconds_count 3\n";
        assert_eq!(write(&families), text);
    }
}
