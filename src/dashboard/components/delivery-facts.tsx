/** The facts of one waiting delivery: why it waits, and when its next attempt begins. */
import type { WaitingDelivery } from "../../event/scheduled-row.ts";
import { useView } from "../view.ts";
import { Tags } from "./tags.tsx";
import { Time, Until } from "./time.tsx";

/** Such as `attempt 3 of 11`. */
export function attemptText({ attempt, limit }: WaitingDelivery): string {
	const of = typeof limit === "number" && attempt <= limit + 1;
	return `attempt ${attempt}${of ? ` of ${limit + 1}` : ""}`;
}

export function DeliveryFacts({ delivery }: { delivery: WaitingDelivery }) {
	const { base, now } = useView();
	const { event, handler, reason, error, at, firstAttemptAt } = delivery;
	return (
		<dl class="facts">
			<dt>Handler</dt>
			<dd class="mono">{handler}</dd>
			<dt>Next</dt>
			<dd>
				{attemptText(delivery)}, <Until at={delivery.retryAt} now={now} />, at{" "}
				<Time at={delivery.retryAt} exact />
			</dd>
			{reason !== undefined && (
				<>
					<dt>Waits because</dt>
					<dd>{reason}</dd>
				</>
			)}
			{error && (
				<>
					<dt>Last error</dt>
					<dd class="wrong">
						{error.name}: {error.message}
					</dd>
				</>
			)}
			<dt>Since</dt>
			<dd>
				<Time at={at} exact />
				{firstAttemptAt !== undefined && (
					<>
						, first attempt <Time at={firstAttemptAt} exact />
					</>
				)}
			</dd>
			<dt>Event</dt>
			<dd>
				<a class="mono" href={`${base}/events/${event.id}`}>
					{event.id}
				</a>
			</dd>
			{delivery.tags && (
				<>
					<dt>Tags</dt>
					<dd>
						<Tags tags={delivery.tags} list="/deliveries" />
					</dd>
				</>
			)}
		</dl>
	);
}
