/** Links to what can be done with all that match a filter. Each leads to a page that asks for confirmation. */
import type { Action } from "../../jobs/job.ts";
import { useView } from "../view.ts";

/** Shown only to a caller who may start jobs. */
export function Bulk({
	q,
	actions,
}: {
	q: string;
	actions: readonly (readonly [action: Action, label: string])[];
}) {
	const { base, caller } = useView();
	if (!caller?.admin || actions.length === 0) return null;
	return (
		<p class="bulk">
			{actions.map(([action, label]) => (
				<a
					class="button"
					href={`${base}/jobs/new?${new URLSearchParams({ action, q })}`}
				>
					{label}
				</a>
			))}
		</p>
	);
}
