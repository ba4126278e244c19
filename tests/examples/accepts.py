# SPDX-License-Identifier: MIT
"""Forms of the example server's pages, and what clients ask for."""

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

# What clients send, and the form of / and /metrics that each gets.
PROTOBUF = ("application/vnd.google.protobuf;proto=io.prometheus.client."
            "MetricFamily;encoding=delimited")
ACCEPT = (
    ("curl 7.88, wget 1.21", "*/*", TEXT, PROMETHEUS),
    ("no header", None, TEXT, PROMETHEUS),
    ("Chromium 156", "text/html,application/xhtml+xml,application/xml;q=0.9,"
     "image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,"
     "application/signed-exchange;v=b3;q=0.7", HTML, PROMETHEUS),
    ("Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,"
     "*/*;q=0.8", HTML, PROMETHEUS),
    ("Lynx", "text/html, text/plain, text/sgml, text/css, */*;q=0.01",
     HTML, PROMETHEUS),
    ("Prometheus 2.42", "application/openmetrics-text;version=1.0.0,"
     "application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT, OPENMETRICS),
    ("the same with native histograms", PROTOBUF +
     ",application/openmetrics-text;version=1.0.0;q=0.8,"
     "application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT, OPENMETRICS),
    ("Prometheus 2.53", "application/openmetrics-text;version=1.0.0;q=0.5,"
     "application/openmetrics-text;version=0.0.1;q=0.4,"
     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", TEXT, OPENMETRICS),
    ("Prometheus 3.5", "application/openmetrics-text;version=1.0.0;"
     "escaping=allow-utf-8;q=0.6,application/openmetrics-text;"
     "version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;"
     "q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", TEXT, OPENMETRICS),
    ("the same with native histograms", PROTOBUF + ";q=0.6,"
     "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
     "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;"
     "version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;"
     "q=0.2,*/*;q=0.1", TEXT, OPENMETRICS),
    ("an older OpenMetrics only", "application/openmetrics-text;version=0.0.1",
     TEXT, PROMETHEUS),
    ("the older one first", "text/plain;version=0.0.4, "
     "application/openmetrics-text;q=0.9", TEXT, PROMETHEUS),
    ("a form that does not exist", "image/png", TEXT, PROMETHEUS),
    ("refused", "text/plain;q=0", HTML, OPENMETRICS),
    ("refused, the rest is welcome", "text/plain;q=0, */*;q=0.1",
     HTML, OPENMETRICS),
    ("all are refused", "*/*;q=0", TEXT, PROMETHEUS),
    ("malformed", "text/html;q=high, ;;, */", TEXT, PROMETHEUS),
    ("too long", "text/html, " + "x" * 1000, HTML, PROMETHEUS),
)
