/** Dead letters grouped by handler, cause and error. A group leads to its dead letters. */
import { deadLetterFilter } from "../../dead-letters/dead-letter-filter.ts";
import { type Groups, groupDeadLetters } from "../../dead-letters/groups.ts";
import { numberText } from "../components/count.tsx";
import { GroupTable, uncountedText } from "../components/group-table.tsx";
import { Empty } from "../components/list.tsx";
import { Time } from "../components/time.tsx";
import { listPage, SIZE } from "../list-page.tsx";
import { type Page, useView } from "../view.ts";

interface GroupPage extends Groups {
	/** How many there are: the page shows the largest. */
	count: number;
}

export const deadLetterGroupsPage: Page = (app, { ports }) =>
	listPage<GroupPage & { cursor?: never }>(app, ports, {
		path: "/dead-letters/groups",
		title: "Dead letters by error",
		filter: deadLetterFilter,
		Rows,
		quick: [
			["Dead", ""],
			["Resolved", "state:resolved"],
			["Last day", "since:1d"],
		],
		placeholder: "handler:mail/* cause:exhausted tag.customer:c42 since:2h",
		async read(q) {
			const filter = deadLetterFilter(q, ports.clock());
			const { groups, ...found } = await groupDeadLetters(filter, ports);
			const shown = groups.slice(0, SIZE);
			return { ...found, groups: shown, count: groups.length };
		},
	});

function Rows({ page, q }: { page: GroupPage; q: string }) {
	const { base, now } = useView();
	const { groups, count, uncounted, countedUntil } = page;
	const list = `${base}/dead-letters?${new URLSearchParams({ q })}`;
	return (
		<div class="section">
			<div class="matches">
				<span>
					<b>{numberText(count)}</b> {count === 1 ? "group" : "groups"}
					{count > groups.length && `, of which the largest ${groups.length}`}
					{countedUntil !== undefined && (
						<>
							, of failures since <Time at={countedUntil} />
						</>
					)}
					{uncounted !== undefined && `, without ${uncountedText(uncounted)}`}
				</span>
				<a href={list}>Show each dead letter</a>
			</div>
			<div class="card">
				{groups.length === 0 ? (
					<Empty title="No dead letters to group">
						<p>
							Dead letters of one handler with the same cause and the same kind
							of error become one group, so that a broken deploy is one line.
						</p>
					</Empty>
				) : (
					<GroupTable groups={groups} filter={deadLetterFilter(q, now)} />
				)}
			</div>
		</div>
	);
}
