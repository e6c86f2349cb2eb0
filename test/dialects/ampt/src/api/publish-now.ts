// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { events } from "tidings/ampt";
import {api} from "../../api.ts"

api('my-api').router('/events')
  .post('/', async (event) => {
    const body = await event.request.body()
		// publish event immediately
    events.publish('my-event', body)
    return event.status(204)
})
