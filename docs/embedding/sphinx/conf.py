project = "Lamplight in Sphinx"
html_static_path = ["_static"]
html_js_files = [("lamplight/lamplight.js", {"type": "module"})]
