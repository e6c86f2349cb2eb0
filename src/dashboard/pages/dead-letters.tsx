/** The list of dead letters, the latest failure first, and what can be done with all that match. */
import { deadLetterFilter } from "../../dead-letters/dead-letter-filter.ts";
import type { DeadLetter, DeadLetterPage } from "../../event/dead-letter.ts";
import { Bulk } from "../components/bulk.tsx";
import { numberText } from "../components/count.tsx";
import {
	Copyable,
	Empty,
	ListTable,
	NothingFound,
	shortened,
} from "../components/list.tsx";
import { State } from "../components/state.tsx";
import { Tags } from "../components/tags.tsx";
import { Time } from "../components/time.tsx";
import { listPage, SIZE } from "../list-page.tsx";
import { type Page, useView } from "../view.ts";

const LIST = "/dead-letters";

const QUICK = [
	["Dead", ""],
	["Replaying", "state:replaying"],
	["Resolved", "state:resolved"],
	["Discarded", "state:discarded"],
] as const;

export const deadLettersPage: Page = (app, { ports }) =>
	listPage<DeadLetterPage>(app, ports, {
		path: LIST,
		title: "Dead letters",
		filter: deadLetterFilter,
		quick: QUICK,
		Rows,
		placeholder: "handler:mail/* cause:exhausted tag.customer:c42 since:2h",
		read: (q, cursor) =>
			ports.deadLetters.list({
				filter: deadLetterFilter(q, ports.clock()),
				limit: SIZE,
				...(cursor && { cursor }),
			}),
	});

const SO_FAR =
	"None of the latest 10 000 dead letters matches. The next page goes on from there.";

const NO_MATCH = [
	"No dead letter matches",
	"Change the filter, or clear it. Without a state it finds those that are dead.",
] as const;

function Rows({ page, q }: { page: DeadLetterPage; q: string }) {
	const { deadLetters, cursor } = page;
	if (deadLetters.length === 0)
		return (
			<NothingFound
				q={q}
				soFar={cursor === undefined ? undefined : SO_FAR}
				unmatched={NO_MATCH}
			>
				<NoneYet />
			</NothingFound>
		);
	return (
		<div class="section">
			<Matches page={page} q={q} />
			<div class="card">
				<ListTable
					texts={["State", "Event and failure", "Tags"]}
					numbers={["Failed"]}
				>
					{deadLetters.map((deadLetter) => (
						<Row deadLetter={deadLetter} />
					))}
				</ListTable>
			</div>
		</div>
	);
}

function Matches({ page, q }: { page: DeadLetterPage; q: string }) {
	const { base } = useView();
	const { count, countedUntil, deadLetters } = page;
	const many = `${numberText(count)}${countedUntil === undefined ? "" : "+"}`;
	const state = deadLetters[0]?.state;
	const groups = `${base}${LIST}/groups?${new URLSearchParams({ q })}`;
	return (
		<div class="matches">
			<p>
				<b>{many}</b> {count === 1 ? "dead letter" : "dead letters"}
			</p>
			<a href={groups}>Group by error</a>
			<Bulk
				q={q}
				actions={[
					...(state === "dead"
						? [["replay", `Replay all ${many}…`] as const]
						: []),
					...(state === "discarded"
						? []
						: [["discard", `Discard all ${many}…`] as const]),
				]}
			/>
		</div>
	);
}

function Row({ deadLetter }: { deadLetter: DeadLetter }) {
	const { base } = useView();
	const { id, event, handler, cause, error, state, preview } = deadLetter;
	// A discarded one cannot be read any more, but its event can.
	const to =
		state === "discarded"
			? `/events/${event.id}`
			: `${LIST}/${encodeURIComponent(id)}`;
	return (
		<tr id={`dead-letter-${id}`}>
			<td>
				<State state={state} />
			</td>
			<td class="wide">
				<a class="name" href={base + to} data-row>
					{event.name}
				</a>
				<span class="reason">
					<span class="mono">{handler || "no handler"}</span>{" "}
					{shortened(`${error.name}: ${error.message}`)}
				</span>
				{preview !== null && <span class="preview mono">{preview}</span>}
			</td>
			<td class="tagged">
				<Tags tags={event.tags} list={LIST} />
			</td>
			<td class="number">
				<Time at={deadLetter.lastFailureAt} />
				<span class="below">{cause.replaceAll("_", " ")}</span>
			</td>
		</tr>
	);
}

const NOT_AGAIN = `import { NonRetryableError } from "tidings";

events.on("order.placed", { id: "charge", retries: 5 }, async ({ body }) => {
	// Ends the delivery at once. Any other error is retried 5 times.
	if (!body.card) throw new NonRetryableError("the order has no card");
});`;

function NoneYet() {
	return (
		<Empty title="No dead letters">
			<p>
				Nothing waits for you. A delivery that fails more often than its handler
				permits appears here, with its error and its whole event. Then you can
				correct the body and replay it to that handler alone.
			</p>
			<p>The handler decides how often it is retried:</p>
			<Copyable text={NOT_AGAIN} />
		</Empty>
	);
}
