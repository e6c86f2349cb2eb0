/** The list of scheduled events, the earliest first, and when events are due. */
import type { HourCounts, ScheduledEvent } from "../../event/scheduled-row.ts";
import { listScheduled } from "../../schedule/list.ts";
import { scheduledFilter } from "../../schedule/scheduled-filter.ts";
import { Bulk } from "../components/bulk.tsx";
import { numberText } from "../components/count.tsx";
import { Density, shownHours } from "../components/density.tsx";
import {
	Copyable,
	Empty,
	GOES_ON,
	ListTable,
	NothingFound,
} from "../components/list.tsx";
import { State } from "../components/state.tsx";
import { Tags } from "../components/tags.tsx";
import { DAY, HOUR, Time, Until } from "../components/time.tsx";
import { listPage, SIZE } from "../list-page.tsx";
import { KeyHint, listedExample, publishCommand } from "../snippets.tsx";
import { type Page, useView } from "../view.ts";

const LIST = "/scheduled";

interface Scheduled {
	scheduled: ScheduledEvent[];
	cursor?: string;
	/** Of all events, on the first page. */
	counts?: HourCounts;
}

export const scheduledEventsPage: Page = (app, { ports }) =>
	listPage<Scheduled>(app, ports, {
		path: LIST,
		title: "Scheduled",
		filter: scheduledFilter,
		// An age is in the past, and due times are not.
		times: (now) =>
			[HOUR, DAY, 7 * DAY].map((wait) =>
				new Date(now + wait).toISOString().replace(/:\d\d\.\d+Z$/, "Z"),
			),
		quick: [],
		Rows,
		placeholder: "name:order.** tag.customer:c42 until:2027-01-14T15:00Z",
		async read(q, cursor) {
			const { since, until } = shownHours(ports.clock());
			const query = { q, limit: SIZE, ...(cursor && { cursor }) };
			const [page, counts] = await Promise.all([
				listScheduled(query, ports),
				...(cursor ? [] : [ports.scheduler.countByHour(since, until)]),
			]);
			return { ...page, ...(counts && { counts }) };
		},
	});

const NO_MATCH = [
	"No scheduled event matches",
	"Change the filter, or clear it. since and until are about the due time.",
] as const;

function Rows({ page, q }: { page: Scheduled; q: string }) {
	const { now } = useView();
	const { scheduled, counts, cursor } = page;
	const { since } = shownHours(now);
	const filter = scheduledFilter(q, now);
	// A count of more than one page would read them all.
	const isWhole = counts !== undefined && cursor === undefined;
	const many = isWhole ? numberText(scheduled.length) : "that match";
	return (
		<div class="section parts">
			{counts && counts.hours.length > 0 && (
				<Density counts={counts} since={since} filter={filter} list={LIST} />
			)}
			{scheduled.length === 0 ? (
				<NothingFound
					q={q}
					soFar={cursor === undefined ? undefined : GOES_ON}
					unmatched={NO_MATCH}
				>
					<NoneYet />
				</NothingFound>
			) : (
				<div class="section">
					<div class="matches">
						<p>The earliest first</p>
						<Bulk q={q} actions={[["cancel", `Cancel all ${many}…`]]} />
					</div>
					<div class="card">
						<EventTable events={scheduled} />
					</div>
				</div>
			)}
		</div>
	);
}

function EventTable({ events }: { events: readonly ScheduledEvent[] }) {
	return (
		<ListTable texts={["State", "Event", "Tags"]} numbers={["Due"]}>
			{events.map((event) => (
				<Row event={event} />
			))}
		</ListTable>
	);
}

function Row({ event }: { event: ScheduledEvent }) {
	const { base, now } = useView();
	const { id, name, time, dueAt, tags } = event;
	return (
		<tr id={`scheduled-${id}`}>
			<td>
				<State state="scheduled" />
			</td>
			<td class="wide">
				<a class="name" href={`${base}${LIST}/${id}`} data-row>
					{name}
				</a>
				<span class="reason">
					published <Time at={time} />
				</span>
			</td>
			<td class="tagged">
				<Tags tags={tags} list={LIST} />
			</td>
			<td class="number">
				<Time at={dueAt} />
				<span class="below">
					<Until at={dueAt} now={now} />
				</span>
			</td>
		</tr>
	);
}

function NoneYet() {
	const { api } = useView();
	const { name, body } = listedExample() ?? {
		name: "order.review-requested",
		body: "{}",
	};
	return (
		<Empty title="Nothing is scheduled">
			<p>
				Publish an event with <code>after</code>: a wait such as “2 days”, or a
				time within a year. It waits here until it is due, and can be cancelled
				or moved.
			</p>
			<Copyable text={publishCommand(api, name, body, { after: "2 days" })} />
			<KeyHint scope="publish" />
		</Empty>
	);
}
