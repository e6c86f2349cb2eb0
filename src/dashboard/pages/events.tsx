/** The list of events, the latest change first, with live updates. */
import type { EventLife } from "../../journal/life.ts";
import { journalFilter, listEvents } from "../../journal/read.ts";
import { ListTable, NothingFound, shortened } from "../components/list.tsx";
import { State } from "../components/state.tsx";
import { Tags } from "../components/tags.tsx";
import { Time, Until } from "../components/time.tsx";
import { listPage, SIZE } from "../list-page.tsx";
import { FirstEvent } from "../snippets.tsx";
import { type Page, useView } from "../view.ts";

const LIST = "/events";

/** `searchedUntil` is of a search that goes on and has found nothing so far. */
interface EventPage
	extends Omit<Awaited<ReturnType<typeof listEvents>>, "searchedUntil"> {
	searchedUntil?: number;
}

const QUICK = [
	["All", ""],
	["Dead", "state:dead"],
	["Retrying", "state:retrying"],
	["Scheduled", "state:scheduled"],
	["Ignored", "state:ignored"],
] as const;

export const eventsPage: Page = (app, { ports }) =>
	listPage<EventPage>(app, ports, {
		path: LIST,
		title: "Events",
		filter: journalFilter,
		quick: QUICK,
		Rows,
		note,
		async read(q, cursor) {
			const query = { q, limit: SIZE, ...(cursor && { cursor }) };
			const { searchedUntil, ...page } = await listEvents(query, ports);
			// It differs in every search, so a list that has events would never be unchanged.
			return page.events.length > 0 || !page.cursor
				? page
				: { ...page, searchedUntil };
		},
	});

function note({ page: { unreadable } }: { page: EventPage }) {
	if (unreadable === 0) return null;
	return <span>{unreadable} pages of the journal are unreadable</span>;
}

const NO_MATCH = [
	"No event matches",
	"Change the filter, or clear it to see all events.",
] as const;

function Rows({ page, q }: { page: EventPage; q: string }) {
	const { events, searchedUntil } = page;
	if (events.length === 0)
		return (
			<NothingFound
				q={q}
				soFar={
					searchedUntil === undefined ? undefined : (
						<>
							The search has reached <Time at={searchedUntil} />. The next page
							goes on from there.
						</>
					)
				}
				unmatched={NO_MATCH}
			>
				<FirstEvent title="No events yet">
					Publish the first one. It appears here within five seconds, without a
					reload.
				</FirstEvent>
			</NothingFound>
		);
	return (
		<>
			{q !== "" && (
				<p class="muted">
					The list shows each event until its latest entry that matches. Open an
					event to see what has happened since.
				</p>
			)}
			<div class="card">
				<ListTable
					texts={["State", "Event", "Tags"]}
					numbers={["Handlers", "Last change"]}
				>
					{events.map((event) => (
						<Row event={event} />
					))}
				</ListTable>
			</div>
		</>
	);
}

function Row({ event }: { event: EventLife }) {
	const { base } = useView();
	const { id, name, state, time, at, tags, deliveries } = event;
	const ended = deliveries.filter(({ state }) => state === "delivered").length;
	return (
		<tr id={`event-${id}`}>
			<td>
				<State state={state} />
			</td>
			<td class="wide">
				<a class="name" href={`${base}${LIST}/${id}`} data-row>
					{name}
				</a>
				<Reason event={event} />
			</td>
			<td class="tagged">
				<Tags tags={tags} list={LIST} />
			</td>
			<td class="number count" title="delivered, of all">
				{deliveries.length === 0 ? "–" : `${ended} / ${deliveries.length}`}
			</td>
			<td class="number">
				<Time at={at} />
				<span class="below">
					published <Time at={time} />
				</span>
			</td>
		</tr>
	);
}

/** Why the event is in its state. */
function Reason({ event }: { event: EventLife }) {
	const { now } = useView();
	const { state, deliveries, dueAt } = event;
	if (state === "scheduled" && dueAt !== undefined)
		return (
			<span class="reason">
				due <Until at={dueAt} now={now} />
			</span>
		);
	if (state === "ignored")
		return <span class="reason">no handler matches this name</span>;
	const worst = deliveries.find((delivery) => delivery.state === state);
	const last = worst?.attempts.at(-1);
	if (!worst || !last) return null;
	const { error, reason, retryAt } = last;
	const why = error ? `${error.name}: ${error.message}` : reason;
	if (why === undefined && retryAt === undefined) return null;
	return (
		<span class="reason">
			<span class="mono">{worst.handler}</span> {why && shortened(why)}
			{retryAt !== undefined && (
				<>
					{" "}
					· next <Until at={retryAt} now={now} />
				</>
			)}
		</span>
	);
}
