/** Which tiles of a long grid are drawn: the arithmetic of a window on rows of one height. */

export interface GridSize {
  /** Tiles in all. */
  count: number;
  /** Of the grid, in pixels. */
  width: number;
  /** Of a tile at least; 0 for one column. */
  minWidth: number;
  rowHeight: number;
  gap: number;
  /** Upper edge of the grid, counted from that of the window; negative once scrolled. */
  top: number;
  /** Of the window. */
  height: number;
}

export interface Drawn {
  columns: number;
  /** Of the whole grid. */
  height: number;
  /** Where the drawn part begins. */
  offset: number;
  /** The first drawn tile … */
  from: number;
  /** … and the first that is not drawn any more. */
  to: number;
}

/** Rows drawn beyond the window, so that a flick of the wheel finds them there. */
const SPARE_ROWS = 5;

export function windowOf(size: GridSize): Drawn {
  const { count, width, minWidth, rowHeight, gap, top, height } = size;
  const pitch = rowHeight + gap;
  const columns = minWidth === 0 ? 1 : Math.max(1, Math.floor((width + gap) / (minWidth + gap)));
  const rows = Math.ceil(count / columns);
  const clamp = (row: number) => Math.min(rows, Math.max(0, row));
  const first = clamp(Math.floor(-top / pitch) - SPARE_ROWS);
  const last = clamp(Math.ceil((height - top) / pitch) + SPARE_ROWS);
  return {
    columns,
    height: Math.max(0, rows * pitch - gap),
    offset: first * pitch,
    from: first * columns,
    to: Math.min(count, Math.max(first, last) * columns),
  };
}
