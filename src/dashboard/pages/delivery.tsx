/** One waiting delivery: why it waits, and how to try it at once or cancel it. */

import { found } from "../../entrypoints/http/operation.ts";
import type { WaitingDelivery } from "../../event/scheduled-row.ts";
import { actingAs } from "../../event/transition.ts";
import { show } from "../../event/validation.ts";
import {
	cancelDelivery,
	readDelivery,
	retryDelivery,
} from "../../schedule/deliveries.ts";
import { action } from "../action.ts";
import { DeliveryFacts } from "../components/delivery-facts.tsx";
import { Irreversible } from "../components/irreversible.tsx";
import { render } from "../components/layout.tsx";
import { State } from "../components/state.tsx";
import { Form } from "../form.tsx";
import { callerIn, type Page, useView } from "../view.ts";

const PATH = "/deliveries/:id";

export const deliveryPage: Page = (app, { ports }) => {
	app.get(PATH, async (context) => {
		const { id } = context.req.param();
		const delivery = await readDelivery(id, ports);
		return delivery
			? render(context, delivery.event.name, <Details delivery={delivery} />)
			: render(context, "Waiting delivery", <Missing id={id} />, 404);
	});

	action(app, `${PATH}/retry`, "admin", async (context) => {
		const { id } = context.req.param() as { id: string };
		const acting = actingAs(ports, callerIn(context).id);
		found(await retryDelivery(id, acting), waitingDelivery(id));
		const to = `/events/${encodeURIComponent(eventOf(id))}`;
		return { to, action: "retry delivery", target: id };
	});

	action(app, `${PATH}/cancel`, "admin", async (context) => {
		const { id } = context.req.param() as { id: string };
		const acting = actingAs(ports, callerIn(context).id);
		found(await cancelDelivery(id, acting), waitingDelivery(id));
		const to = "/deliveries?done=delivery-cancelled";
		return { to, action: "cancel delivery", target: id };
	});
};

/** The id is `eventId:handlerId`. */
function eventOf(id: string): string {
	return id.slice(0, Math.max(0, id.indexOf(":")));
}

function waitingDelivery(id: string): string {
	return `waiting delivery ${show(id)}: it has ended, is on its way, or was cancelled. Nothing was done`;
}

function Details({ delivery }: { delivery: WaitingDelivery }) {
	const { base, caller } = useView();
	return (
		<>
			<div class="top crumbs">
				<span>
					<a href={`${base}/deliveries`}>Waiting</a> /
				</span>
			</div>
			<div class="section">
				<div class="top">
					<h1>{delivery.event.name}</h1>
					<State state={delivery.state} />
				</div>
				<DeliveryFacts delivery={delivery} />
			</div>
			{caller?.admin && <Actions delivery={delivery} />}
		</>
	);
}

function Actions({
	delivery: { id, event, handler },
}: {
	delivery: WaitingDelivery;
}) {
	const path = `/deliveries/${encodeURIComponent(id)}`;
	return (
		<>
			<Form to={`${path}/retry`} class="inline">
				<button class="main" type="submit" data-key="r">
					Try 1 delivery now
				</button>
				<span class="muted">
					Runs <span class="mono">{handler}</span> at once, and opens the event.
				</span>
			</Form>
			<Irreversible
				title="Cancel"
				to={`${path}/cancel`}
				button="Cancel 1 delivery"
			>
				Gives up 1 delivery: <span class="mono">{handler}</span> does not
				receive this <b>{event.name}</b> any more. It does not become a dead
				letter. Other handlers of the event are not affected.
			</Irreversible>
		</>
	);
}

function Missing({ id }: { id: string }) {
	const { base } = useView();
	const event = eventOf(id);
	return (
		<div class="section">
			<h1>This delivery does not wait</h1>
			<p class="muted">
				<span class="mono">{id}</span> has ended, is on its way, or was
				cancelled. A wait of less than 10 minutes is shown in the timeline of
				the event.
			</p>
			<p class="inline">
				{event && (
					<a
						class="button"
						href={`${base}/events/${encodeURIComponent(event)}`}
					>
						The event
					</a>
				)}
				<a class="button" href={`${base}/deliveries`}>
					All waiting deliveries
				</a>
			</p>
		</div>
	);
}
