"""The managers' pages about webhooks: addresses, events and deliveries."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotator import tasks
from annotator.campaigns.access import campaign_for_manager
from annotator.errors import DomainError, NotFound
from annotator.feeds import webhooks as hooks
from annotator.models import Campaign, Delivery, Webhook
from annotator.views.form_input import add_domain_error
from annotator.views.manage.common import PER_PAGE, posted, status_of
from annotator.views.manage.forms import WebhookForm
from annotator.views.requests import UserRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: UserRequest, slug: str) -> HttpResponse:
    """All webhooks, and the form that makes one. Its secret is on the answer to that form, and nowhere else."""
    campaign = campaign_for_manager(request.user, slug)
    form = WebhookForm(posted(request))
    context = {"campaign": campaign, "form": form}
    if request.method == "POST" and form.is_valid():
        url, events = form.cleaned_data["url"], form.cleaned_data["events"]
        try:
            webhook, secret = hooks.create_webhook(campaign=campaign, url=url, events=events, by=request.user)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            context |= {"made": webhook, "secret": secret, "form": WebhookForm()}
    context["webhooks"] = list(campaign.webhooks.all())
    return render(request, "manage/settings/webhooks.html", context, status=status_of(context["form"]))


@never_cache
@require_safe
def webhook_page(request: UserRequest, slug: str, webhook_id: int) -> HttpResponse:
    """One webhook and the log of its deliveries."""
    campaign = campaign_for_manager(request.user, slug)
    webhook = webhook_of(campaign, webhook_id)
    page = Paginator(webhook.deliveries.all(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "manage/settings/webhook.html", {"campaign": campaign, "webhook": webhook, "page": page})


@require_POST
def webhook_state(request: UserRequest, slug: str, webhook_id: int) -> HttpResponse:
    """Turn it on or off."""
    webhook = webhook_of(campaign_for_manager(request.user, slug), webhook_id)
    webhook = hooks.change_webhook(webhook=webhook, is_active=request.POST.get("active") == "yes", by=request.user)
    messages.success(request, "The webhook is on." if webhook.is_active else "The webhook is off.")
    return redirect("webhook_page", slug, webhook_id)


@require_POST
def ping_webhook(request: UserRequest, slug: str, webhook_id: int) -> HttpResponse:
    webhook = webhook_of(campaign_for_manager(request.user, slug), webhook_id)
    try:
        delivery = hooks.ping(webhook=webhook, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        tasks.enqueue(tasks.send_delivery, delivery.pk)
        messages.success(request, gettext("The test is being sent. Reload this page to see the result."))
    return redirect("webhook_page", slug, webhook_id)


@require_POST
def resend_delivery(request: UserRequest, slug: str, webhook_id: int, delivery_id: int) -> HttpResponse:
    webhook = webhook_of(campaign_for_manager(request.user, slug), webhook_id)
    delivery: Delivery | None = webhook.deliveries.select_related("webhook").filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound(gettext("This delivery does not exist."))
    try:
        hooks.resend(delivery=delivery, by=request.user)
    except DomainError as error:
        messages.error(request, error.detail)
    else:
        tasks.enqueue(tasks.send_delivery, delivery.pk)
        messages.success(request, gettext("The message is being sent again. Reload this page to see the result."))
    return redirect("webhook_page", slug, webhook_id)


@require_POST
def remove_webhook(request: UserRequest, slug: str, webhook_id: int) -> HttpResponse:
    webhook = webhook_of(campaign_for_manager(request.user, slug), webhook_id)
    hooks.remove_webhook(webhook=webhook, by=request.user)
    messages.success(request, gettext("The webhook %(url)s and its log are deleted.") % {"url": webhook.url})
    return redirect("webhooks", slug)


def webhook_of(campaign: Campaign, webhook_id: int) -> Webhook:
    """Raises NotFound."""
    webhook: Webhook | None = campaign.webhooks.select_related("campaign", "created_by").filter(pk=webhook_id).first()
    if webhook is None:
        raise NotFound(gettext("This webhook does not exist."))
    return webhook
