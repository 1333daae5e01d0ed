"""Documents taken apart, for the tests of this folder."""

from pellucid.reports.document import (
    Bullets,
    Cell,
    Chart,
    Disclosure,
    Facts,
    Findings,
    Notice,
    Paragraph,
    Section,
    Table,
)


def sections_of(document):
    waiting = list(document.sections)
    while waiting:
        section = waiting.pop(0)
        yield section
        waiting = [*section.sections, *waiting]


def blocks_of(part):
    """All blocks of a document or a section, those shown on demand included."""
    for section in [part, *sections_of(part)] if isinstance(part, Section) else sections_of(part):
        waiting = list(section.blocks)
        while waiting:
            block = waiting.pop(0)
            yield block
            if isinstance(block, Disclosure):
                waiting += block.blocks
            if isinstance(block, Chart) and block.table is not None:
                waiting.append(block.table)


def texts_of(document):
    """Every text that a reader sees, the configuration and the digests apart."""
    yield from (document.title, document.subtitle)
    for section in sections_of(document):
        yield section.title
    for block in blocks_of(document):
        yield from texts_of_table(block) if isinstance(block, Table) else texts_of_block(block)


def texts_of_block(block):
    match block:
        case Paragraph(text) | Notice(_, text):
            yield text
        case Bullets(items):
            yield from items
        case Facts(items):
            yield from (text for item in items for text in item)
        case Findings(items):
            yield from (text for item in items for text in (item.text, item.certainty))
        case Chart():
            yield from (block.title, block.description)
        case Disclosure():
            yield block.title


def texts_of_table(table):
    yield table.caption
    yield from (text for column in table.columns for text in (column.title, column.meaning))
    for cell in (cell for row in table.rows for cell in row):
        yield from (cell.text, cell.meaning) if isinstance(cell, Cell) else (cell,)


def section(document, anchor):
    return next(found for found in sections_of(document) if found.anchor == anchor)


def table_of(part, caption):
    return next(block for block in blocks_of(part) if isinstance(block, Table) and caption in block.caption)


def cells(row):
    return tuple(cell.text if isinstance(cell, Cell) else cell for cell in row)
