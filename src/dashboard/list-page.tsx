/**
 * The routes of a list with a filter bar, pages and live updates. A page says what is listed, and how its rows look.
 */
import type { Child } from "hono/jsx";
import { RefusedError } from "../event/errors.ts";
import type { Filter } from "../lists/filter.ts";
import type { Ports } from "../ports.ts";
import { Done } from "./components/done.tsx";
import { FilterBar } from "./components/filter-bar.tsx";
import { render } from "./components/layout.tsx";
import { Fresh, Pager } from "./components/list.tsx";
import { Live, type Snapshot, snapshotOf, streamOf } from "./live.tsx";
import { suggestions } from "./suggestions.ts";
import { type DashboardApp, useView } from "./view.ts";

/** Rows on a page. */
export const SIZE = 50;

interface ListOptions<Data> {
	/** Below that of the dashboard. */
	path: string;
	title: string;
	/** Examples of words for the filter bar. Default: those of events. */
	placeholder?: string;
	/** Reads its filter, to suggest only words that it accepts. @throws RefusedError for another */
	filter(q: string, now: number): Filter;
	/** Suggested values of `since` and `until`. Default: ages. */
	times?(now: number): readonly string[];
	/** Links to filters that people often need. */
	quick: readonly (readonly [label: string, q: string])[];
	/** @throws RefusedError for a wrong filter or cursor. @param cursor empty for the first page */
	read(q: string, cursor: string): Promise<Data>;
	/** Everything that follows live updates. */
	Rows(shown: { page: Data; q: string }): Child;
	/** What else there is to say of a page, next to the links to others. */
	note?(shown: { page: Data }): Child;
}

export function listPage<Data extends { cursor?: string }>(
	app: DashboardApp,
	ports: Ports,
	options: ListOptions<Data>,
): void {
	const { path, title, placeholder, quick, read, Rows, note } = options;
	const cacheKey = (q: string) => `${path} ${q}`;

	/** The list, or why its filter is wrong. */
	const shown = async (
		q: string,
		cursor: string,
		now: number,
	): Promise<{ list?: Snapshot<Data>; wrong?: string }> => {
		try {
			// Only the first page has updates, so only that one is cached for them.
			const list = cursor
				? { data: await read(q, cursor), at: now, version: "" }
				: await snapshotOf(cacheKey(q), now, () => read(q, ""));
			return { list };
		} catch (error) {
			if (!(error instanceof RefusedError)) throw error;
			return { wrong: error.message.replace(/^q: /, "") };
		}
	};

	app.get(path, async (context) => {
		const { q = "", cursor = "" } = context.req.query();
		const { now } = context.var.view;
		const bar = { list: path, q, quick, ...(placeholder && { placeholder }) };
		const [words, { list, wrong }] = await Promise.all([
			suggestions(options, ports),
			shown(q, cursor, now),
		]);
		const content = (
			<>
				<div class="top">
					<h1>{title}</h1>
					{list && <Fresh at={list.at} />}
				</div>
				<Done />
				<FilterBar {...bar} suggestions={words} wrong={wrong} />
				{list && (
					<Content
						path={path}
						q={q}
						cursor={cursor}
						list={list}
						note={note?.({ page: list.data })}
					>
						<Rows page={list.data} q={q} />
					</Content>
				)}
			</>
		);
		return render(context, title, content, list ? 200 : 400);
	});

	app.get(`${path}/live`, (context) => {
		const { q = "" } = context.req.query();
		return streamOf(
			context,
			cacheKey(q),
			() => read(q, ""),
			ports.clock,
			({ data }) => <Rows page={data} q={q} />,
		);
	});
}

function Content<Data extends { cursor?: string }>({
	path,
	q,
	cursor,
	list: { data, version },
	note,
	children,
}: {
	path: string;
	q: string;
	cursor: string;
	list: Snapshot<Data>;
	note: Child | undefined;
	children?: Child;
}) {
	const { base } = useView();
	const stream = `${base}${path}/live?${new URLSearchParams({ q })}`;
	return (
		<>
			{/* Rows of a later page would move between pages while they are read. */}
			{cursor ? (
				children
			) : (
				<Live id="rows" stream={stream} version={version}>
					{children}
				</Live>
			)}
			<Pager list={path} q={q} here={cursor} next={data.cursor}>
				{note}
			</Pager>
		</>
	);
}
