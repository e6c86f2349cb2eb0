/** What every list has: how fresh it is, its table, the link to the next page, and what an empty one teaches. */
import type { Child, PropsWithChildren } from "hono/jsx";
import { useView } from "../view.ts";
import { Time } from "./time.tsx";

/** When the figures of a page were read, and whether updates have stopped. It follows live updates. */
export function Fresh({ at }: { at: number }) {
	const { url } = useView();
	return (
		<p class="fresh">
			<span data-stopped role="status" hidden>
				<span></span> <a href={url.pathname + url.search}>Reload the page</a> ·{" "}
			</span>
			<span data-pause hidden>
				Paused while you read ·{" "}
			</span>
			as of <Time at={at} fresh />
		</p>
	);
}

/** Links to the first and the next page. */
export function Pager({
	list,
	q,
	here,
	next,
	children,
}: PropsWithChildren<{
	list: string;
	q: string;
	/** The cursor of this page; empty for the first. */
	here: string;
	/** The cursor of the next page. */
	next: string | undefined;
}>) {
	const { base } = useView();
	const to = (cursor: string) => {
		const given = { ...(q && { q }), ...(cursor && { cursor }) };
		return `${base}${list}?${new URLSearchParams(given)}`;
	};
	if (!here && !next && !children) return null;
	return (
		<nav class="pager" aria-label="Pages of the list">
			{here && <a href={to("")}>← First page</a>}
			{next && (
				<a href={to(next)} rel="next">
					Next page →
				</a>
			)}
			{children}
		</nav>
	);
}

/**
 * The table of a list.
 *
 * @param texts the headings of the first columns
 * @param numbers those of the columns after them, which are aligned to the right
 */
export function ListTable({
	texts,
	numbers,
	children,
}: PropsWithChildren<{
	texts: readonly string[];
	numbers: readonly string[];
}>) {
	return (
		<table>
			<thead>
				<tr>
					{texts.map((text) => (
						<th scope="col">{text}</th>
					))}
					{numbers.map((text) => (
						<th scope="col" class="number">
							{text}
						</th>
					))}
				</tr>
			</thead>
			<tbody>{children}</tbody>
		</table>
	);
}

/** Shown in place of a list without entries. */
export function Empty({
	title,
	children,
}: PropsWithChildren<{ title: string }>) {
	return (
		<div class="empty">
			<h2>{title}</h2>
			{children}
		</div>
	);
}

/** Text to copy, such as a command. */
export function Copyable({
	text,
	label = "Copy",
}: {
	text: string;
	label?: string;
}) {
	return (
		<div class="copy">
			<pre tabindex={0}>{text}</pre>
			<button class="needs-script" type="button" data-copy>
				{label}
			</button>
		</div>
	);
}

/**
 * Shown in place of a list without rows: the search goes on, or nothing matches the filter, or there is nothing at all.
 *
 * @param children what an empty list without a filter teaches
 */
export function NothingFound({
	q,
	soFar,
	unmatched: [title, hint],
	children,
}: PropsWithChildren<{
	q: string;
	/** How far the search has got; absent if it has ended. */
	soFar: Child | undefined;
	/** The title and the hint if nothing matches the filter. */
	unmatched: readonly [title: string, hint: string];
}>) {
	if (soFar !== undefined)
		return (
			<div class="card">
				<Empty title="Nothing so far">
					<p>{soFar}</p>
				</Empty>
			</div>
		);
	if (q)
		return (
			<div class="card">
				<Empty title={title}>
					<p>{hint}</p>
				</Empty>
			</div>
		);
	return <div class="card">{children}</div>;
}

/** For a list that reads a bounded number of rows for each page. */
export const GOES_ON =
	"The next page goes on from where the search has stopped.";

/** Characters of an error in a row. A list must stay below 100 KB, and the page of an item has the whole text. */
const MOST_SHOWN = 240;

export function shortened(text: string): string {
	return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
