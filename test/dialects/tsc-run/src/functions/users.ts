// biome-ignore-all format: as the document has it
// biome-ignore-all lint: as the document has it
// biome-ignore-all assist: as the document has it

import { v7 as uuidv7 } from 'uuid';
import { events } from 'tidings/tsc-run';
import * as http from '../../http.ts';
import type { UserRegisteredEvent } from '../../events/user-registered.ts';

export async function POST(request: http.Request) {
  const userData = request.json();
    
  // Event
  const user: UserRegisteredEvent = {
    id: uuidv7(),
    ...userData,
    registeredAt: new Date().toISOString()
  };
  const userRegisteredEvent = user;
  
  // Dispatch event for async processing
  await events.emit('user.registered', userRegisteredEvent);
  
  return http.response(http.STATUS_CREATED).json({
    data: { id: user.id }
  });
}
