"""The way to one provider for one model: proven before it is used, tried again only where nothing can have been paid.

Keys go into headers only, and only over TLS or to this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from renderlock.engines.hosted.connections import host_of, is_this_machine
from renderlock.engines.hosted.exchange import Terms, exchange
from renderlock.engines.hosted.faults import key_missing
from renderlock.engines.hosted.lanes import Lane
from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.hosted.retries import Retries
from renderlock.engines.hosted.sunset import sunset_of
from renderlock.engines.hosted.wire import Answer, WireRequest
from renderlock.errors import HostedError, ModelUnavailable, SettingInvalid
from renderlock.settings import Secret


def _nobody_waits() -> None:
    """Lets it go on."""


@dataclass(frozen=True)
class Channel:
    """The way to a provider.

    `api_key` is the caller's own, before those of the options; `refuse` turns an answer that is no success into its
    error; `authorize`, where given, makes the authorization headers in place of the provider's key header,
    and `usual_url` the address that no option names.
    """

    model: HostedModel
    options: HostedOptions
    offline: bool
    api_key: Secret | None
    refuse: Callable[[Answer], HostedError]
    authorize: Callable[[], Mapping[str, str]] | None = None
    usual_url: Callable[[], str] | None = None

    @property
    def base_url(self) -> str:
        """Where the provider is: the user's address for it, or the usual one."""
        own = self.options.urls.get(self.model.provider.name)
        return own or (self.usual_url() if self.usual_url else self.model.provider.base_url)

    @property
    def lane(self) -> Lane:
        """The lane that all pictures of this provider share."""
        provider = self.model.provider
        return self.options.lanes.lane(provider.name, provider.images_in_flight)

    @property
    def key(self) -> Secret | None:
        """The key: the caller's own, else that of the environment or the key file; None where there is none."""
        return self.api_key or self.options.keys.find(self.model.provider.key_variables)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What may never be shown."""
        return () if self.key is None else (self.key.reveal(),)

    def prepare(self) -> None:
        """Proves, without a request, that one could be sent.

        Raises `KeyMissing`, `KeyFileUnsafe`, `SettingInvalid` for an address that is missing or would show the key,
        `ModelUnavailable` where leaving this machine is forbidden.
        """
        url, provider = self.base_url, self.model.provider
        variable = f"RENDERLOCK_URL_{provider.name.upper().replace('-', '_')}"
        if not url:
            raise SettingInvalid(name=variable, found="", allowed=f"the address of your {provider.title} server")
        here = is_this_machine(host_of(url))
        if self.offline and not here:
            action = "Unset RENDERLOCK_OFFLINE to call providers."
            raise ModelUnavailable(model=self.model.reference, reason="RENDERLOCK_OFFLINE forbids it", action=action)
        sends_key = bool(self.headers())
        if sends_key and not here and not url.startswith("https://"):
            raise SettingInvalid(name=variable, found=url, allowed="https, as http would show the key to the network")

    def send(
        self,
        request: WireRequest,
        *,
        on_wait: Callable[[], None] = _nobody_waits,
        on_start: Callable[[], None] = _nobody_waits,
        billable: bool = True,
    ) -> Answer:
        """The provider's success (2xx), after as many attempts as patience allows.

        `billable` requests take a place in the provider's lane; `on_wait` is called while they wait for it, `on_start`
        right before each is sent. Raises what these and `prepare` raise and `refuse` gives, `ProviderTimeout`,
        `TransportFailed` and `BadAnswer`.
        """
        self.prepare()

        def attempt() -> Answer:
            if not billable:
                return self._exchange(request, billable=False)
            with self.lane.place(on_wait):
                on_start()
                answer = self._exchange(request, billable=True)
            self.lane.served()
            return answer

        return Retries(self.lane, self.options.patience).run(attempt)

    def headers(self) -> Mapping[str, str]:
        """The authorization headers; raises `KeyMissing` where the model needs a key and none is found."""
        if self.authorize is not None:
            return self.authorize()
        provider, key = self.model.provider, self.key
        if key is not None:
            return {provider.key_header: f"{provider.key_prefix}{key.reveal()}"}
        if provider.key_variables and not provider.key_optional:
            raise key_missing(self.model, self.options.keys)
        return {}

    def _exchange(self, request: WireRequest, *, billable: bool) -> Answer:
        client = self.options.connections.client(self.base_url)
        terms = Terms(self.model.reference, self.options.patience, self.options.limits.answer_bytes, billable)
        files = [(part.name, (part.filename or None, part.data, part.media_type)) for part in request.parts]
        built = client.build_request(
            request.method,
            request.path,
            params=list(request.query) or None,
            json=request.json,
            files=files or None,
            headers={**dict(request.headers), **self.headers()},
            timeout=terms.timeout,
        )
        answer = exchange(client, built, terms)
        if notice := sunset_of(answer):
            self.options.journal.noticed(self.model.reference, notice)
        if not 200 <= answer.status < 300:
            raise self.refuse(answer)
        return answer
