"""How a loop rests: until its time is over, or it is called."""

import asyncio


async def pause(until: asyncio.Event, seconds: float) -> None:
    """Returns once `until` is set, or after so many seconds."""
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return
