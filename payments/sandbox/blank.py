"""What Stripe's objects show where nothing of ours sets it: each property is there, and null."""

from payments.sandbox.store import Obj


def _null(names: str) -> Obj:
    return dict.fromkeys(names.split())


SESSION = _null("""adaptive_pricing after_expiration allow_promotion_codes allowed_payment_method_types
client_secret collected_information consent consent_collection currency_conversion customer customer_account
customer_details discounts integration_identifier invoice invoice_creation managed_payments origin_context
payment_intent payment_link payment_method_configuration_details permissions recovered_from
saved_payment_method_options setup_intent shipping_address_collection shipping_cost subscription wallet_options""")
SESSION_TEXTS = _null("after_submit shipping_address submit terms_of_service_acceptance")
PRICE = _null("custom_unit_amount lookup_key nickname recurring tiers_mode transform_quantity")
INTENT = _null("""allowed_payment_method_types application application_fee_amount automatic_payment_methods
canceled_at cancellation_reason customer customer_account excluded_payment_method_types last_payment_error
latest_charge managed_payments next_action on_behalf_of payment_method payment_method_configuration_details
payment_record processing review setup_future_usage shipping source transfer_group""")
CHARGE = _null("""application application_fee application_fee_amount balance_transaction
calculated_statement_descriptor customer failure_balance_transaction failure_code failure_message on_behalf_of
receipt_number receipt_url review shipping source source_transfer statement_descriptor
statement_descriptor_suffix transfer_data transfer_group""")
CARD = _null("""amount_authorized authorization_code electronic_commerce_indicator installments mandate
network_transaction_id regulated_status three_d_secure transaction_link_id wallet""")
CARD_CHECKS = _null("address_line1_check address_postal_code_check cvc_check")
OUTCOME = _null("advice_code network_advice_code network_decline_code reason seller_message")
REFUND = _null("customer customer_account receipt_number source_transfer_reversal transfer_reversal")
EVIDENCE = _null("""access_activity_log billing_address cancellation_policy cancellation_policy_disclosure
cancellation_rebuttal customer_communication customer_email_address customer_name customer_purchase_ip
customer_signature duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id
product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date
service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
shipping_tracking_number uncategorized_file uncategorized_text""")
