/** What surrounds every list: how fresh it is, the link to the next page, and what an empty one teaches. */
import type { PropsWithChildren } from "hono/jsx";
import { useView } from "../view.ts";
import { Time } from "./time.tsx";

/** When the figures of a page were read. It follows live updates. */
export function Fresh({ at }: { at: number }) {
	return (
		<p class="fresh">
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
