/** The list of waiting deliveries, the next attempt first. */
import type { WaitingDelivery } from "../../event/scheduled-row.ts";
import { listDeliveries } from "../../schedule/deliveries.ts";
import { deliveryFilter } from "../../schedule/delivery-filter.ts";
import { attemptText } from "../components/delivery-facts.tsx";
import {
	Copyable,
	Empty,
	GOES_ON,
	ListTable,
	NothingFound,
	shortened,
} from "../components/list.tsx";
import { State } from "../components/state.tsx";
import { Tags } from "../components/tags.tsx";
import { Until } from "../components/time.tsx";
import { listPage, SIZE } from "../list-page.tsx";
import { type Page, useView } from "../view.ts";

const LIST = "/deliveries";

interface Deliveries {
	deliveries: WaitingDelivery[];
	cursor?: string;
}

const QUICK = [
	["All", ""],
	["Retrying", "state:retrying"],
	["Without an attempt", "state:waiting"],
] as const;

export const deliveriesPage: Page = (app, { ports }) =>
	listPage<Deliveries>(app, ports, {
		path: LIST,
		title: "Waiting",
		filter: deliveryFilter,
		quick: QUICK,
		Rows,
		placeholder: "handler:mail/* state:retrying tag.customer:c42",
		read: (q, cursor) =>
			listDeliveries({ q, limit: SIZE, ...(cursor && { cursor }) }, ports),
	});

const NO_MATCH = [
	"No waiting delivery matches",
	"Change the filter, or clear it. since and until are about the last failure.",
] as const;

function Rows({ page, q }: { page: Deliveries; q: string }) {
	const { deliveries, cursor } = page;
	if (deliveries.length === 0)
		return (
			<NothingFound
				q={q}
				soFar={cursor === undefined ? undefined : GOES_ON}
				unmatched={NO_MATCH}
			>
				<NoneWaits />
			</NothingFound>
		);
	return (
		<div class="card">
			<ListTable
				texts={["State", "Event and failure", "Tags"]}
				numbers={["Next attempt"]}
			>
				{deliveries.map((delivery) => (
					<Row delivery={delivery} />
				))}
			</ListTable>
		</div>
	);
}

function Row({ delivery }: { delivery: WaitingDelivery }) {
	const { base, now } = useView();
	const { id, event, handler, state, error, reason, tags, retryAt } = delivery;
	const why = reason ?? (error && `${error.name}: ${error.message}`);
	return (
		<tr id={`delivery-${id}`}>
			<td>
				<State state={state} />
			</td>
			<td class="wide">
				<a
					class="name"
					href={`${base}${LIST}/${encodeURIComponent(id)}`}
					data-row
				>
					{event.name}
				</a>
				<span class="reason">
					<span class="mono">{handler}</span> {why && shortened(why)}
				</span>
			</td>
			<td class="tagged">
				<Tags tags={tags} list={LIST} />
			</td>
			<td class="number">
				<Until at={retryAt} now={now} />
				<span class="below">{attemptText(delivery)}</span>
			</td>
		</tr>
	);
}

const LONG_RETRIES = `events.on(
	"order.placed",
	{ id: "charge", retries: { backoff: ["1 hour", "6 hours", "1 day"] } },
	async ({ body }) => {
		await charge(body);
	},
);`;

function NoneWaits() {
	return (
		<Empty title="No delivery waits">
			<p>
				Deliveries that wait more than 10 minutes for their next attempt appear
				here, and can be tried at once or cancelled. Shorter waits are shown in
				the timeline of their event.
			</p>
			<p>A handler with long waits:</p>
			<Copyable text={LONG_RETRIES} />
		</Empty>
	);
}
