/** Subscriptions that the bench can add in one call. */
import { Subscriptions as OwnSubscriptions } from "tidings/objects";
import { SubscriptionTable } from "../../../../src/apps/subscriptions/subscription-table.ts";

export class Subscriptions extends OwnSubscriptions {
	async fill(subscriptions: number): Promise<void> {
		const guest = { app: "@speed/guest", tool: "hear" };
		// The first subscription starts the event.
		await this.subscribe({ ...guest, key: [["number", 0]] });
		const table = new SubscriptionTable(this.ctx.storage);
		for (let number = 1; number < subscriptions; number++)
			table.add(guest.app, guest.tool, [["number", number]]);
	}
}
