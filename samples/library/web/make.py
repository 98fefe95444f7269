"""Puts every page into a frame: make.py PAGES OUT TITLE"""
import pathlib
import sys

pages, out, title = sys.argv[1:]
pathlib.Path(out).mkdir()
for page in pathlib.Path(pages).glob("*.html"):
    text = f"<!doctype html><title>{title}</title><h1>{title}</h1>\n{page.read_text()}"
    pathlib.Path(out, page.name).write_text(text)
